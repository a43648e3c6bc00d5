"""Files that people bring: real ones from vega_datasets, and spoiled copies of them."""

from pathlib import Path

import vega_datasets

REAL = Path(vega_datasets.__file__).parent / "_data"
AIRPORTS = REAL / "airports.csv"  # 3,376 rows, 7 columns
STOCKS = REAL / "stocks.csv"  # 560 rows, 3 columns
WEATHER = REAL / "seattle-weather.csv"  # 1,461 rows, 6 columns


def copy_as(folder: Path, name: str, source: Path) -> Path:
    """The same bytes under a name of the test's own, so that its table has one too."""
    copied = folder / name
    copied.write_bytes(source.read_bytes())
    return copied


def repeated(folder: Path, name: str, source: Path, *, times: int) -> Path:
    """`source` with its rows `times` over: a real file of any size."""
    header, _, rows = source.read_bytes().partition(b"\n")
    made = folder / name
    made.write_bytes(
        header + b"\n" + rows.rstrip(b"\n") + b"\n" + (rows.rstrip(b"\n") + b"\n") * (times - 1)
    )
    return made


def spoiled_weather(folder: Path, name: str) -> Path:
    """Seattle's weather, where two temperatures say "n/a" and one row has a cell too many."""
    lines = WEATHER.read_text(encoding="utf-8").splitlines()
    for at in (10, 20):
        cells = lines[at].split(",")
        cells[2] = "n/a"
        lines[at] = ",".join(cells)
    lines[30] += ",extra"
    made = folder / name
    made.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made
