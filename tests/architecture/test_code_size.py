"""The size targets of the product's code: a reader takes a file in at one sitting.

A function's length runs from its `def` line to its last, its docstring left out, so that
documenting costs nothing.
"""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

MEDIAN_MODULE_LINES = 120
LONGEST_MODULE_LINES = 400
USUAL_FUNCTION_LINES = 30  # nine in ten
LONGEST_FUNCTION_LINES = 60

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules() -> list[Path]:
    found = [settings.BASE_DIR / "manage.py"]
    for package in ("myproject", "apiapp", "streaming"):
        found += (settings.BASE_DIR / package).rglob("*.py")
    return [path for path in found if "migrations" not in path.parts and path.stat().st_size]


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTIONS):
            assert node.end_lineno
            yield f"{path}:{node.name}", node.end_lineno - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    assert first.end_lineno
    return first.end_lineno - first.lineno + 1


def test_modules_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {path: n for path, n in lengths.items() if n > LONGEST_MODULE_LINES} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_MODULE_LINES


def test_functions_are_short():
    lengths = dict(pair for path in modules() for pair in function_lengths(path))

    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION_LINES} == {}
    long = [name for name, n in lengths.items() if n > USUAL_FUNCTION_LINES]
    assert len(long) <= len(lengths) / 10, long
