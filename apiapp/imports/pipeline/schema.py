"""The columns of a table: their names and types."""

import unicodedata
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from apiapp.imports.errors import BadColumns
from apiapp.imports.pipeline import rules
from apiapp.imports.pipeline.convert import CONVERTERS
from apiapp.imports.pipeline.counted import counted
from apiapp.imports.pipeline.local_forms import FORMS_OF

TYPES = tuple(CONVERTERS)
NAME_LIMIT_BYTES = 48
LABEL_LIMIT_CHARS = 300
# What a request for rows says besides names of columns, and what PostgreSQL has in every table.
RESERVED = {"order", "select", "limit", "cursor", "search", "format"} | {
    "tableoid",
    "xmin",
    "cmin",
    "xmax",
    "cmax",
    "ctid",
}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: `name` in the database and in JSON, `label` for people.

    form: how its numbers or dates are written in the file, as local_forms.py has it.
    conditions: on its values, as rules.agreed gives them.
    is_new: the dataset that is there lacks it; the import adds it.
    """

    name: str
    label: str
    type: str = "text"
    required: bool = False
    unique: bool = False
    form: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_new: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def column_name(label: str, *, taken: Container[str] = ()) -> str:
    """A name for the column called `label` that every database and tool can take.

    Lower case letters, marks and digits of any script, `_` for anything else; at most 48 bytes;
    no digit first; none of RESERVED, none of `taken`.  A label without a letter gives "" : number
    the column instead.
    """
    name = words_of(label, joined_by="_", limit_bytes=NAME_LIMIT_BYTES)
    if not name:
        return ""
    if name[0].isnumeric() or unicodedata.category(name[0])[0] == "M" or name in RESERVED:
        name = cut(f"c_{name}", NAME_LIMIT_BYTES)
    return unused(name, taken)


def words_of(label: str, *, joined_by: str, limit_bytes: int) -> str:
    """The words of `label` in lower case: letters, marks and digits, the rest left out."""
    lowered = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
    letters = "".join(letter if belongs_in_a_name(letter) else " " for letter in lowered)
    return cut(joined_by.join(letters.split()), limit_bytes).strip(joined_by)


def belongs_in_a_name(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M"


def cut(name: str, limit_bytes: int) -> str:
    """`name` cut to as many bytes of UTF-8, at a letter's end."""
    return name.encode()[:limit_bytes].decode(errors="ignore").strip("_")


def unused(name: str, taken: Container[str]) -> str:
    """`name`, or else name_2, name_3... that is not taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{cut(name, NAME_LIMIT_BYTES - len(str(number)) - 1)}_{number}"
    return free


def named_columns(labels: Sequence[str]) -> list[ColumnSpec]:
    """Text columns with these labels; one without a name is called by its number, from 1."""
    columns: list[ColumnSpec] = []
    taken: set[str] = set()
    for number, label in enumerate(labels, start=1):
        shown = printable(label)[:LABEL_LIMIT_CHARS]
        name = column_name(shown, taken=taken) or unused(f"column_{number}", taken)
        taken.add(name)
        columns.append(ColumnSpec(name=name, label=shown or name))
    return columns


def printable(label: str) -> str:
    """`label` on one line, without spaces around it and without what no database stores."""
    valid = label.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(valid.replace("\0", "\N{REPLACEMENT CHARACTER}").split())


def asked_columns(
    proposed: Sequence[ColumnSpec], asked: Sequence[Mapping[str, Any]]
) -> list[ColumnSpec]:
    """The proposed columns with what a person asks of each, in the file's order.

    What is left out stays as proposed; a new label alone gives a new name.  Raises BadColumns.
    """
    refuse_miscounted(asked, proposed)
    columns: list[ColumnSpec] = []
    taken: set[str] = set()
    for column, wish in zip(proposed, asked, strict=True):
        columns.append(asked_column(column, wish, taken))
        taken.add(columns[-1].name)
    return columns


def refuse_miscounted(asked: Sequence[Any], found: Sequence[ColumnSpec]) -> None:
    """Raises BadColumns unless each column of the file is described."""
    if len(asked) != len(found):
        described = counted(len(asked), "column is described", "columns are described")
        raise BadColumns(f"{described}, the file has {len(found):,}")


def asked_column(
    proposed: ColumnSpec, wish: Mapping[str, Any], taken: Container[str]
) -> ColumnSpec:
    label = printable(wish.get("label") or wish.get("name") or proposed.label)
    type_ = wish.get("type", proposed.type)
    if type_ not in TYPES:
        raise BadColumns(
            f"{label}: there is no type {type_!r}; known: {', '.join(TYPES)}", columns=[label]
        )
    return ColumnSpec(
        name=asked_name(wish, proposed, label, taken),
        label=label[:LABEL_LIMIT_CHARS],
        type=type_,
        required=wish.get("required", proposed.required),
        unique=wish.get("unique", proposed.unique),
        conditions=rules.agreed(wish.get("conditions") or {}, type_=type_, label=label),
        form=asked_form(wish.get("form"), type_, proposed, label),
        is_new=wish.get("add", False),
    )


def asked_form(wanted: str | None, type_: str, proposed: ColumnSpec, label: str) -> str:
    """The form asked for, else the proposed one where the type can have it.  Raises BadColumns."""
    known = FORMS_OF.get(type_, ())
    if wanted is None:
        return proposed.form if proposed.form in known else ""
    if wanted and wanted not in known:
        shown = ", ".join(map(repr, known)) or "none"
        reason = f"{label}: a column of {type_} has no form {wanted!r}; known: {shown}"
        raise BadColumns(reason, columns=[label])
    return wanted


def asked_name(
    wish: Mapping[str, Any], proposed: ColumnSpec, label: str, taken: Container[str]
) -> str:
    """The name asked for, else one made of a new label, else the proposed one.

    Only the first does not give way to others.  Raises BadColumns.
    """
    wanted = wish.get("name")
    if not wanted and label == proposed.label:
        return unused(proposed.name, taken)
    name = column_name(wanted) if wanted else column_name(label, taken=taken)
    if not name:
        raise BadColumns(f"{label!r} has no letter or digit to name a column by", columns=[label])
    if name in taken:
        raise BadColumns(f"two columns would be called {name!r}", columns=[name])
    return name


def from_dicts(kept: Sequence[Mapping[str, Any]]) -> list[ColumnSpec]:
    """The columns that `to_dict` gave."""
    return [ColumnSpec(**column) for column in kept]
