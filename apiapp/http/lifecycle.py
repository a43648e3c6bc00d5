"""How an endpoint says that it will go: Deprecation (RFC 9745) and Sunset (RFC 8594)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.http import http_date


@dataclass(frozen=True, slots=True)
class Deprecation:
    """since: from when on it should not be used.  sunset: when it will stop to answer.

    successor: the path to use in its place, with the names of path parameters in braces.
    explained_at: where people read about it.
    """

    since: datetime
    sunset: datetime | None = None
    successor: str = ""
    explained_at: str = ""

    def headers(self, path_parameters: Mapping[str, Any]) -> Mapping[str, str]:
        quoted = {name: quote(str(value), safe="") for name, value in path_parameters.items()}
        successor = self.successor.format(**quoted)
        links = {"successor-version": successor, "deprecation": self.explained_at}
        said = {"Deprecation": f"@{int(self.since.timestamp())}"}
        if self.sunset:
            said["Sunset"] = http_date(self.sunset.timestamp())
        if any(links.values()):
            said["Link"] = ", ".join(f'<{to}>; rel="{rel}"' for rel, to in links.items() if to)
        return said
