"""JSON Lines: a JSON object on each line, with the names and values that rows have over REST."""

import json
from collections.abc import Sequence

import orjson

from apiapp.imports.exports.forms import Batch, Field, Widths, Writer, written_batch

AS_OVER_REST = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


class JsonLinesForm:
    def __init__(self, fields: Sequence[Field]) -> None:
        self._names = [field.name for field in fields]
        self._writers = [WRITERS.get(field.type) for field in fields]

    def begin(self, widths: Widths) -> bytes:
        return b""

    def add(self, batch: Batch) -> bytes:
        names = self._names
        return b"".join(
            orjson.dumps(dict(zip(names, row, strict=True)), option=AS_OVER_REST)
            for row in zip(*written_batch(batch, self._writers), strict=True)
        )

    def end(self) -> bytes:
        return b""


def on_one_line(text: str) -> orjson.Fragment:
    """JSON as the database has it, number for number."""
    if "\n" in text or "\r" in text:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return orjson.Fragment(text)


WRITERS: dict[str, Writer] = {"decimal": "{:f}".format, "json": on_one_line}
