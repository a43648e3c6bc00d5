"""The `Prefer` header (RFC 7240), with the preferences of PostgREST that are known here."""

from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.errors import BadParameter

KNOWN = {
    "return": ("minimal", "representation"),
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "count": ("exact", "planned", "estimated"),
}


class Preferences:
    """What a request prefers.  Preferences that nobody knows are passed over, as the RFC has it.

    Raises BadParameter for another value of one that is known: taken for none, it would write or
    count otherwise than was meant.
    """

    def __init__(self, request: Request) -> None:
        self._asked = dict(parsed(request.headers.get("Prefer", "")))
        self._applied: dict[str, str] = {}

    def has(self, name: str) -> bool:
        return name in self._asked

    def get(self, name: str) -> str:
        """The value asked for, which is going to be done; empty if there is none."""
        value = self._asked.get(name, "")
        if value:
            self.apply(name, value)
        return value

    def apply(self, name: str, value: str) -> None:
        """Say that this was done, where it is not what was asked for."""
        self._applied[name] = value

    def tell(self, response: Response) -> Response:
        """`response` with the preferences that were followed."""
        if self._applied:
            told = (f"{name}={value}" for name, value in self._applied.items())
            response["Preference-Applied"] = ", ".join(told)
        return response


def parsed(header: str) -> list[tuple[str, str]]:
    """Known preferences and their values; of one that comes twice, the first counts."""
    found = []
    for item in header.split(","):
        name, _, rest = item.partition("=")
        name, value = name.strip().lower(), rest.partition(";")[0].strip().strip('"')
        if name not in KNOWN:
            continue
        if value not in KNOWN[name]:
            reason = f"{name}={value} is not known; known: {', '.join(KNOWN[name])}"
            raise BadParameter(parameter="Prefer", reason=reason)
        found.append((name, value))
    return found[::-1]
