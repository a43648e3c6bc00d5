"""How a delimited text file is written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from apiapp.imports.errors import BadDialect

DELIMITERS = ",;\t|"
QUOTE = '"'
ENCODINGS = ("utf-8",)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a reader must know: RFC 4180, but for the delimiter and what is said here.

    A quote within a quoted cell is doubled.  Lines end in LF, CRLF or CR, also mixed.
    """

    encoding: str = "utf-8"
    has_bom: bool = False
    delimiter: str = ","
    quote: str = QUOTE
    has_header: bool = True

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def changed(self, asked: Mapping[str, Any]) -> "Dialect":
        """This dialect with what a person asks for.  Raises BadDialect."""
        known = {field.name for field in fields(self)}
        for name, value in asked.items():
            if name not in known:
                raise BadDialect(
                    field=name, reason=f"is unknown; known: {', '.join(sorted(known))}"
                )
            check(name, value)
        return replace(self, **asked)


CHOICES: dict[str, tuple[Any, ...]] = {
    "encoding": ENCODINGS,
    "delimiter": tuple(DELIMITERS),
    "quote": (QUOTE,),
    "has_header": (True, False),
    "has_bom": (True, False),
}


def check(name: str, value: Any) -> None:
    """Raises BadDialect unless the field may have the value."""
    allowed = CHOICES[name]
    if not any(value == one and type(value) is type(one) for one in allowed):
        shown = ", ".join(repr(one) for one in allowed)
        raise BadDialect(field=name, reason=f"must be one of {shown}")


def from_dict(kept: Mapping[str, Any]) -> Dialect:
    """The dialect that `to_dict` gave.  Raises BadDialect."""
    return Dialect().changed(kept)
