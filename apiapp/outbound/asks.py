"""What somebody asks to be sent, as it is kept for a replay, and what is sent for it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from apiapp.keys.callers import person
from apiapp.outbound.attached import Attachment, FindStore, file_of
from apiapp.outbound.client import headers
from apiapp.outbound.client.bodies import (
    NOTHING,
    Body,
    MultipartForm,
    form_body,
    json_body,
    text_body,
    xml_body,
)
from apiapp.outbound.client.calls import Call, Terms
from apiapp.outbound.client.guard import Policy
from apiapp.outbound.client.retrying import Backoff
from apiapp.outbound.errors import BadCall, ConnectionGone
from apiapp.outbound.models import CallRecord, Connection
from apiapp.outbound.sealing import Sealer

BODIES: dict[str, Callable[[Any], Body]] = {
    "": lambda _value: NOTHING,
    "json": json_body,
    "form": form_body,
    "xml": xml_body,
    "text": text_body,
}
FILE, MULTIPART = "file", "multipart"  # whose bodies are read from finished uploads


@dataclass(frozen=True, slots=True)
class Ask:
    """url: absolute; below a connection's base address if there is one.

    body: by its kind; of a file, an Attachment as it is told, of a multipart form
    `{"fields": texts, "files": [attachments]}`.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    body: Any = None
    authorization: str = ""
    connection_id: int | None = None

    @property
    def file_ids(self) -> list[str]:
        return [each.file_id for each in self.attachments()]

    def attachments(self) -> Iterator[Attachment]:
        """The files that are sent with it."""
        told = {FILE: lambda: [self.body], MULTIPART: lambda: self.body["files"]}
        for each in told.get(self.kind, list)():
            yield Attachment.told(each)

    def sealed(self, sealer: Sealer) -> str:
        return sealer.seal(asdict(self))

    @classmethod
    def unsealed(cls, sealed: str, sealer: Sealer) -> "Ask":
        """Raises SecretLost."""
        return cls(**sealer.unseal(sealed))


def address_of(url: str, connection: Connection | None, query: dict[str, str]) -> str:
    """The absolute URL.  Raises BadCall for one that leaves what is below the base address."""
    if connection:
        if ".." in unquote(unquote(url)).replace("\\", "/").partition("?")[0].split("/"):
            raise BadCall("a path has no .. in it")
        if "://" in url.partition("?")[0]:
            raise BadCall("with a connection, only what follows its base address is given")
        url = f"{connection.base_url.rstrip('/')}/{url.lstrip('/')}" if url else connection.base_url
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query)
    return url


def authorization_of(kind: str, name: str, secret: str) -> dict[str, str]:
    """The header by which one is known.  Raises BadCall."""
    match kind:
        case Connection.Auth.BASIC:
            return {"Authorization": headers.basic(name, secret)}
        case Connection.Auth.BEARER:
            return {"Authorization": headers.bearer(secret)}
        case Connection.Auth.HEADER:
            return {name: secret}
    return {}


def body_of(ask: Ask, record: CallRecord, find_store: FindStore) -> Body:
    """Raises BadCall, FileGone: what may be read is what the record's owner may."""
    if ask.kind not in (FILE, MULTIPART):
        return BODIES[ask.kind](ask.body)
    caller = person(record.owner)
    found = [
        (each.field, file_of(each, caller=caller, find_store=find_store))
        for each in ask.attachments()
    ]
    return found[0][1] if ask.kind == FILE else MultipartForm(ask.body["fields"], found)


def call_of(ask: Ask, record: CallRecord, *, sealer: Sealer, find_store: FindStore) -> Call:
    """Raises BadCall, SecretLost, ConnectionGone."""
    connection = record.connection
    if ask.connection_id and connection is None:
        raise ConnectionGone
    sent = dict(connection.headers) if connection else {}
    if connection and connection.sealed_secret:
        secret = sealer.unseal(connection.sealed_secret)
        known_by = authorization_of(connection.auth, connection.auth_name, secret)
        sent = {**headers.without(sent, known_by), **known_by}
    sent = {**headers.without(sent, ask.headers), **ask.headers}
    return Call(
        method=ask.method,
        url=ask.url,
        headers=sent,
        body=body_of(ask, record, find_store),
        authorization=ask.authorization,
        cookies=ask.cookies,
        partition=connection.partition if connection else f"user:{record.owner_id}",
    )


def terms_of(connection: Connection | None, *, longest_s: float, usual: Terms) -> Terms:
    """Within which limits; `longest_s` for all of it, whatever the connection allows."""
    if connection is None:
        return Terms(total_s=min(usual.total_s, longest_s), answer_bytes=usual.answer_bytes)
    return Terms(
        connect_s=connection.connect_s,
        read_s=connection.read_s,
        total_s=min(connection.total_s, longest_s),
        answer_bytes=connection.answer_limit_bytes,
        backoff=Backoff(attempts=connection.attempts),
    )


def policy_of(connection: Connection | None) -> Policy:
    return Policy(allow_private=bool(connection and connection.allow_private))
