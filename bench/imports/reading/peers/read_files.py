"""Reads messy files with a peer, as its manual says, and writes what it found as CSV.

    python read_files.py NAME

Each line of standard input is the path of a file, a tab, and where to write; each is answered with
a line: "read", or "failed" and the reason.  Runs in the peers' own virtual environment.  Cells are
asked for as text, so that a peer is judged by its reading and not by its types.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import clevercsv
import duckdb
import pandas as pd

Rows = Iterable[Sequence[object]]
SAMPLE_CHARS = 1 << 16


def with_sniffer(path: str) -> Rows:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        dialect = csv.Sniffer().sniff(file.read(SAMPLE_CHARS))
        file.seek(0)
        return list(csv.reader(file, dialect))


def with_pandas(path: str, **how: object) -> Rows:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    return [list(frame.columns), *frame.fillna("").itertuples(index=False)]


def with_pandas_default(path: str) -> Rows:
    return with_pandas(path)


def with_pandas_sniffing(path: str) -> Rows:
    return with_pandas(path, sep=None, engine="python")


def with_duckdb(path: str) -> Rows:
    connection = duckdb.connect()
    found = connection.execute("SELECT HasHeader FROM sniff_csv(?)", [path]).fetchone()
    table = connection.execute("SELECT * FROM read_csv_auto(?, all_varchar = true)", [path])
    names = [column[0] for column in table.description]
    header = [names] if found and found[0] else []
    return [*header, *table.fetchall()]


def with_clevercsv(path: str) -> Rows:
    return clevercsv.read_table(path)


PEERS: dict[str, Callable[[str], Rows]] = {
    "csv.Sniffer": with_sniffer,
    "pandas": with_pandas_default,
    "pandas, sep=None": with_pandas_sniffing,
    "DuckDB": with_duckdb,
    "clevercsv": with_clevercsv,
}


def write(rows: Rows, path: str) -> None:
    with Path(path).open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)


def answer(read: Callable[[str], Rows], line: str) -> str:
    source, target = line.rstrip("\n").split("\t")
    try:
        write(read(source), target)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
        reason = " ".join(str(error).split())
        return f"failed {type(error).__name__}: {reason[:200]}"
    return "read"


def main() -> None:
    read = PEERS[sys.argv[1]]
    csv.field_size_limit(1 << 24)
    for line in sys.stdin:
        print(answer(read, line), flush=True)


if __name__ == "__main__":
    main()
