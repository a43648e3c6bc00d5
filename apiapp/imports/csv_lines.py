"""Lines of CSV files that are made while they are sent."""

import csv
import io
from collections.abc import Sequence
from typing import Any

# A spreadsheet takes a cell that begins so for a formula; a quote before it makes it text again.
# The wide ones are those of East Asian keyboards.  Source: OWASP, "CSV Injection".
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
