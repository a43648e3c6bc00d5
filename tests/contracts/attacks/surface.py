"""What can be sent to each operation, read from the OpenAPI document."""

import itertools
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from tests.contracts.world import World

METHODS = ("get", "post", "put", "patch", "delete")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PATIENCE_S = 60
ONE_IN = int(os.environ.get("SLUICE_ATTACKS_ONE_IN", "4"))

Attempt = TypeVar("Attempt")


@dataclass(frozen=True)
class Operation:
    """parameters: (where, name).  fields: of the JSON body, without what is in them."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    body_types: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def names(self, where: str) -> list[str]:
        return [name for place, name in self.parameters if place == where]


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        at: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        part = at
    return part


def fields_of(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    schema = resolved(document, schema)
    yield from schema.get("properties", {})
    for kind in ("oneOf", "anyOf", "allOf"):
        for each in schema.get(kind, []):
            yield from fields_of(document, each)


def operations_of(document: dict[str, Any]) -> list[Operation]:
    found = []
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method not in methods:
                continue
            said = methods[method]
            parameters = [resolved(document, each) for each in said.get("parameters", [])]
            content = resolved(document, said.get("requestBody", {})).get("content", {})
            schema = content.get(JSON, {}).get("schema", {})
            found.append(
                Operation(
                    method=method,
                    path=path,
                    parameters=tuple((each["in"], each["name"]) for each in parameters),
                    fields=tuple(dict.fromkeys(fields_of(document, schema))),
                    body_types=tuple(content),
                )
            )
    return found


def some_of(attempts: Iterable[Attempt], *about: object) -> Iterator[Attempt]:
    """One in ONE_IN of them, beginning at another one for each subject: together every operation
    meets every kind of value, and every place is tried.  Before a release: all, by setting it to 1.
    """
    first = zlib.crc32(repr([str(each) for each in about]).encode()) % ONE_IN
    return itertools.islice(attempts, first, None, ONE_IN)


class Caller:
    """Sends as somebody of a world, whatever it is told to send."""

    def __init__(self, world: World, who: str) -> None:
        self.world = world
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {world.keys[who]}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._session.request(
            method, self.world.url + path, timeout=PATIENCE_S, allow_redirects=False, **options
        )


def as_json(value: Any) -> dict[str, Any]:
    """Options of a request, for a body that may hold what is no UTF-8 text."""
    return {"data": json.dumps(value).encode(), "headers": {"Content-Type": JSON}}
