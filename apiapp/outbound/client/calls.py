"""What is asked, within which limits, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from apiapp.outbound.client.bodies import NOTHING, Body
from apiapp.outbound.client.retrying import Backoff
from apiapp.outbound.errors import BrokenAnswer, BusinessError, SystemFault

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an absolute URL.

    partition: whose it is.  Connections, cookies, stored answers and what is known of broken hosts
    are shared within one partition alone; with none, cookies last for this one call.
    authorization: a value of that header, such as headers.bearer makes.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = NOTHING
    authorization: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """For how long, for how much and how often.

    total_s: of everything, waiting between attempts and redirects among it.
    answer_bytes: of the answer's content, packed and unpacked.
    """

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 30.0
    answer_bytes: int = 10 * MIB
    redirects: int = 5
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class Trace:
    """What happened on the way, for records; filled in also where the call fails.

    cache: miss, hit, revalidated; empty where nothing was looked up.  The bytes are of contents, in
    all attempts together.
    """

    attempts: int = 0
    redirects: list[str] = field(default_factory=list)
    address: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    cache: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """url: where it came from in the end.  content: unpacked."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    url: str

    def header(self, name: str) -> str | None:
        """Its value; of a list in several lines, the whole list."""
        lowered = name.lower()
        found = [value for each, value in self.headers if each.lower() == lowered]
        return ", ".join(found) if found else None

    @property
    def is_good(self) -> bool:
        return self.status < 400

    @property
    def content_type(self) -> str:
        return self._message().get_content_type() if self.header("Content-Type") else ""

    @property
    def text(self) -> str:
        """What is not in its character set becomes U+FFFD."""
        charset = self._message().get_content_charset("utf-8")
        try:
            return self.content.decode(charset, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises BrokenAnswer."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise BrokenAnswer("the answer is no JSON") from error

    def require_good(self) -> "Answer":
        """The same.  Raises BusinessError for a 4xx, SystemFault for a 5xx."""
        if self.is_good:
            return self
        raise (BusinessError if self.status < 500 else SystemFault)(status=self.status)

    def _message(self) -> Message:
        message = Message()
        message["Content-Type"] = self.header("Content-Type") or ""
        return message
