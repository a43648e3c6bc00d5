"""How an endpoint says that it will go: Deprecation (RFC 9745) and Sunset (RFC 8594)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.http import http_date


@dataclass(frozen=True, slots=True)
class Deprecation:
    """since: from when on it should not be used.  sunset: when it will stop to answer.

    successor: the path to use in its place.  explained_at: where people read about it.
    """

    since: datetime
    sunset: datetime | None = None
    successor: str = ""
    explained_at: str = ""

    def headers(self) -> Mapping[str, str]:
        links = {"successor-version": self.successor, "deprecation": self.explained_at}
        said = {"Deprecation": f"@{int(self.since.timestamp())}"}
        if self.sunset:
            said["Sunset"] = http_date(self.sunset.timestamp())
        if any(links.values()):
            said["Link"] = ", ".join(f'<{to}>; rel="{rel}"' for rel, to in links.items() if to)
        return said
