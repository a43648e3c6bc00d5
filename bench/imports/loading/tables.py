"""The CSVs that are loaded, and what a database holds once one is loaded right.

Twelve columns: ids, names with quotes in several scripts, e-mails, dates, timestamps, decimals,
booleans, empty cells, long text with newlines.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

FIRST_NAMES = ["Zoë", "José", "李雷", 'Ana "Nia"', "O'Hara", "Łukasz", "Нина", "Søren", "Ada"]
LAST_NAMES = ["Smith", "Müller", "王", "de la Cruz", "Ng", "van den Berg, jr."]
CITIES = ["Paris", "Berlin, Mitte", "北京", "São Paulo", ""]
COLUMNS = {
    "id": "bigint",
    "name": "text",
    "email": "text",
    "born": "date",
    "seen_at": "timestamptz",
    "price": "numeric",
    "is_active": "boolean",
    "score": "numeric",
    "city": "text",
    "note": "text",
    "reference": "text",
    "quantity": "bigint",
}
MIB = 2**20
SEED = 7
CENTS, SCORE_PARTS = 100, 10_000
DAY_ONE = datetime(2020, 1, 1)  # noqa: DTZ001 - the file has no zone
# What Facts are in a table, as SQL; where the databases differ, as SQLite says it and PostgreSQL.
SHARED_FACTS = {
    "rows": "count(*)",
    "ids": "sum(id)",
    "quantities": "sum(quantity)",
    "cents": f"cast(round(sum(price) * {CENTS}) as bigint)",
    "scores": f"cast(round(sum(score) * {SCORE_PARTS}) as bigint)",
    "name_chars": "sum(length(name))",
    "note_chars": "sum(length(note))",
    "last_born": "cast(max(born) as varchar(10))",
}
SQLITE_FACTS = SHARED_FACTS | {
    "last_seen": "datetime(max(seen_at))",
    "active": "count(*) filter (where is_active in (1, 'true', 'True'))",
}
POSTGRES_FACTS = SHARED_FACTS | {
    "last_seen": "to_char(max(seen_at), 'YYYY-MM-DD HH24:MI:SS')",
    "active": "count(*) filter (where is_active)",
}


@dataclass
class Facts:
    """Sums and ends over all rows of a table: two tables that share them hold the same values."""

    rows: int = 0
    ids: int = 0
    quantities: int = 0
    cents: int = 0
    scores: int = 0
    name_chars: int = 0
    note_chars: int = 0
    last_born: str = ""
    last_seen: str = ""
    active: int = 0

    def add(self, row: "Row") -> None:
        self.rows += 1
        self.ids += row.id
        self.quantities += row.quantity
        self.cents += row.cents
        self.scores += row.score or 0
        self.name_chars += len(row.name)
        self.note_chars += len(row.note)
        self.last_born = max(self.last_born, row.born.isoformat())
        self.last_seen = max(self.last_seen, row.seen_at.isoformat(" "))
        self.active += row.is_active

    def times(self, count: int) -> "Facts":
        """Of a table that has each row so many times."""
        facts = asdict(self)
        return replace(
            self, **{name: each * count for name, each in facts.items() if isinstance(each, int)}
        )


@dataclass(frozen=True)
class Row:
    """cents: of the price.  score: in parts of 10,000; None: an empty cell."""

    id: int
    name: str
    born: date
    seen_at: datetime
    cents: int
    is_active: bool
    score: int | None
    city: str
    note: str
    reference: str
    quantity: int


@dataclass(frozen=True)
class Table:
    """A file.  is_local: its dates and numbers as in Germany, with `;` between cells.

    bad_rows: of its rows, those with a cell too few; they are not in the facts.
    """

    path: Path
    size_mib: float
    rows: int
    bad_rows: int
    is_local: bool
    facts: Facts


def write_table(path: Path, *, rows: int, bad_ratio: float = 0.0, is_local: bool = False) -> Table:
    """The same rows for the same count; a longer table begins with those of a shorter one."""
    facts, bad_rows = Facts(), 0
    cells_of = local_cells if is_local else plain_cells
    draw_bad = random.Random(SEED)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";" if is_local else ",", lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in made_rows(rows):
            cells = cells_of(row)
            if draw_bad.random() < bad_ratio:
                bad_rows += 1
                cells.pop()
            else:
                facts.add(row)
            writer.writerow(cells)
    size_mib = path.stat().st_size / MIB
    return Table(path, size_mib, rows, bad_rows=bad_rows, is_local=is_local, facts=facts)


def repeated(table: Table, path: Path, *, size_mib: int) -> Table:
    """A file of at least this size: the rows of `table`, all of them over and over."""
    with table.path.open("rb") as source, path.open("wb") as file:
        file.write(source.readline())
        rows, times = source.read(), 0
        while file.tell() < size_mib * MIB:
            file.write(rows)
            times += 1
    return replace(
        table,
        path=path,
        size_mib=path.stat().st_size / MIB,
        rows=table.rows * times,
        bad_rows=table.bad_rows * times,
        facts=table.facts.times(times),
    )


def made_rows(count: int) -> Iterator[Row]:
    draw = random.Random(SEED)
    for number in range(1, count + 1):
        note = "A few words about nothing in particular, as notes are. " * draw.randint(0, 3)
        if number % 5 == 0:
            note += 'Then a second line,\nand a "third" one.\n'
        yield Row(
            id=number,
            name=f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}",
            born=date(1950, 1, 1) + timedelta(days=draw.randint(0, 20_000)),
            seen_at=DAY_ONE + timedelta(seconds=draw.randint(0, 10**8)),
            cents=draw.randrange(5000 * CENTS),
            is_active=draw.random() < 0.5,
            score=None if number % 7 == 0 else draw.randrange(10 * SCORE_PARTS),
            city=draw.choice(CITIES),
            note=note,
            reference=f"R-{draw.getrandbits(40):010x}",
            quantity=draw.randint(-100, 10**6),
        )


def plain_cells(row: Row) -> list[str]:
    """As databases write them."""
    price = f"{row.cents // CENTS}.{row.cents % CENTS:02}"
    score = "" if row.score is None else f"{row.score / SCORE_PARTS:.4f}"
    return cells(row, row.born.isoformat(), row.seen_at.isoformat(" "), price, score)


def local_cells(row: Row) -> list[str]:
    """dd.mm.yyyy, and 1.234,56."""
    price = f"{row.cents // CENTS:,}".replace(",", ".") + f",{row.cents % CENTS:02}"
    score = "" if row.score is None else f"{row.score / SCORE_PARTS:.4f}".replace(".", ",")
    born, seen_at = f"{row.born:%d.%m.%Y}", f"{row.seen_at:%d.%m.%Y %H:%M:%S}"
    return cells(row, born, seen_at, price, score)


def cells(row: Row, born: str, seen_at: str, price: str, score: str) -> list[str]:
    return [
        str(row.id),
        row.name,
        f"user{row.id}@example.org",
        born,
        seen_at,
        price,
        "true" if row.is_active else "false",
        score,
        row.city,
        row.note,
        row.reference,
        str(row.quantity),
    ]
