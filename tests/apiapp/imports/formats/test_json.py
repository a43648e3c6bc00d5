"""JSON and JSON Lines: where the rows are, what their cells are, and what is not lost."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from apiapp.imports.errors import (
    BadDialect,
    BadJson,
    CellTooLong,
    RecordTooLong,
    TooManyColumns,
)
from apiapp.imports.pipeline.check import check
from apiapp.imports.pipeline.formats import json_reader, json_scanner
from apiapp.imports.pipeline.formats.json_layout import LIST, LOOK_ROWS, Layout, outline_of
from apiapp.imports.pipeline.formats.json_reader import JsonReader
from apiapp.imports.pipeline.formats.json_scanner import (
    BLOCK_BYTES,
    RECORD_LIMIT_CHARS,
    JsonScanner,
)
from apiapp.imports.pipeline.formats.tables import CELL_LIMIT_CHARS
from apiapp.imports.pipeline.opening import opened
from apiapp.imports.pipeline.schema import named_columns
from tests.apiapp.imports.formats.made_files import read, written

ONE_TWO = (["a", "b"], [["1", "x"], ["2", "y"]])


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]',
        ' \ufeff\n[{"a":1,"b":"x"},{"a":2,"b":"y"}]\n'.strip(" "),
        '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}',
        '{"a": 1, "b": "x"}\r\n\r\n{"a": 2, "b": "y"}\r\n',
        '{"a": 1,\n "b": "x"}\n{"a": 2,\n "b": "y"}\n',
        '{"a": [1, 2], "b": ["x", "y"]}',
        '{"data": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}',
        '{"meta": {"n": 2, "tags": ["q"]}, "data": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], "z": []}',
        '{"result": {"records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}}',
        '[["a", "b"], [1, "x"], [2, "y"]]',
        '["a", "b"]\n[1, "x"]\n[2, "y"]\n',
    ],
)
def test_rows_are_found_however_the_json_lays_them(text: str, tmp_path: Path):
    assert read(written(tmp_path, text.encode())) == ONE_TWO


def test_json_in_other_unicode_encodings_is_read(tmp_path: Path):
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        content = '[{"a": 1, "b": "ü"}]'.encode(encoding)
        assert read(written(tmp_path, content)) == (["a", "b"], [["1", "ü"]])


def test_values_stay_as_they_are_written(tmp_path: Path):
    text = r"""[{"a": 1.10, "b": 1e5, "c": 12345678901234567890123, "d": "007", "e": true, "f": null,
        "g": {"x": [1.50, "é\"", null]}, "h": [], "i": " s "}]"""

    _, [row] = read(written(tmp_path, text.encode()))

    assert row == [
        "1.10", "1e5", "12345678901234567890123", "007", "true", "",
        '{"x": [1.50, "é\\"", null]}', "[]", " s ",
    ]  # fmt: skip


def test_nested_objects_become_columns_where_that_is_asked(tmp_path: Path):
    text = b'[{"id": 1, "a": {"b": {"c": 2}, "d": [3]}}, {"id": 2, "a": {"b": {}}}]'
    path = written(tmp_path, text)

    assert read(path) == (
        ["id", "a"],
        [["1", '{"b": {"c": 2}, "d": [3]}'], ["2", '{"b": {}}']],
    )
    assert read(path, flatten=True) == (
        ["id", "a.b.c", "a.d", "a.b"],
        [["1", "2", "[3]", ""], ["2", "", "", "{}"]],
    )


def test_the_columns_are_the_keys_of_all_rows_and_what_a_row_lacks_is_empty(tmp_path: Path):
    text = b'{"a": 1}\n{"b": 2}\n{"c": 3, "a": 4}\n'

    assert read(written(tmp_path, text)) == (
        ["a", "b", "c"],
        [["1", "", ""], ["", "2", ""], ["4", "", "3"]],
    )


def test_a_bad_line_is_a_refused_row_and_not_the_end(tmp_path: Path):
    text = b'{"a": 1}\n{"a": \n{"a": 3}\n[4]\n{"a": 5} {"a": 6}\n{"a": 7, "a": 8}\n{"a": 9}\n'

    with opened(written(tmp_path, text)) as content:
        [part] = content.source().batches()
    batch = check(part, named_columns(["a"]))

    assert [list(cells) for cells in batch.columns] == [["1", "3", "9"]]
    assert [(each.row_number, each.kind) for each in batch.refusals] == [
        (number, "broken_row") for number in (2, 4, 5, 6)
    ]
    assert [each.reason for each in batch.refusals] == [
        "The row is not JSON: expecting value.",
        "The row is not an object, as the first row is.",
        "The row has more than one value of JSON.",
        "The row has the key 'a' twice.",
    ]
    assert batch.refusals[0].value == '{"a": '


def test_of_several_lists_the_longest_of_rows_is_read_and_another_can_be_asked_for(tmp_path: Path):
    text = b'{"users": [{"u": 1}], "log": {"lines": [{"l": 1}, {"l": 2}]}}'
    path = written(tmp_path, text)

    with opened(path) as content:
        assert content.dialect.sheet == "log.lines"
        assert content.choices["sheet"] == ["users", "log.lines"]
    assert read(path, sheet="users") == (["u"], [["1"]])
    with (
        pytest.raises(BadDialect, match="known: users, log.lines"),
        opened(path, asked={"sheet": "none"}),
    ):
        pass


def test_text_that_looks_like_a_number_is_proposed_as_text(tmp_path: Path):
    with opened(written(tmp_path, b'[{"zip": "12345", "n": 5, "d": "2020-01-31"}]')) as content:
        source: Any = content.source()

    proposed = [
        source.type_of(0, "integer"),
        source.type_of(1, "integer"),
        source.type_of(2, "date"),
    ]
    assert proposed == ["text", "integer", "date"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[{"a": 1}, {"a": }]', "row 2 is not JSON"),
        ('[{"a": 1}, {"a" 2}]', "row 2 is not JSON: expecting ':' delimiter"),
        ('[{"a": 1}, {"a": 2}', "row 2 is not JSON: the end where ] is expected"),
        ('[{"a": 1}, {"a', "row 2 is not JSON"),
        ('[{"a": 1}] [2]', None),
        ('[{"a": 1}\n {"a": 2}]', "where ] is expected"),
        ('[{"a": 1, "a": 2}]', "has the key 'a' twice"),
    ],
)
def test_a_list_that_is_broken_is_refused_as_a_whole(
    text: str, sentence: str | None, tmp_path: Path
):
    with pytest.raises(BadJson, match=sentence):
        read(written(tmp_path, text.encode()))


def test_what_is_broken_is_told_and_not_taken_for_a_long_row(tmp_path: Path):
    rows = b',{"a":1}' * (RECORD_LIMIT_CHARS // 8 + 1)

    with pytest.raises(BadJson, match="row 2 is not JSON"):
        read(written(tmp_path, b'[{"a":1},{"a" 2}' + rows + b"]"))


def test_a_long_value_above_the_rows_is_not_told_as_a_line(tmp_path: Path):
    text = b'{"note": "' + b"x" * (RECORD_LIMIT_CHARS + 1) + b'", "rows": [{"a": 1}]}'

    with pytest.raises(BadJson, match="the beginning is not JSON: a value is longer than"):
        read(written(tmp_path, text))


@pytest.mark.parametrize("values", ["1", '"a]"', "-1.5e3", '"\\"", true', '1, "[{"', "null, []"])
def test_a_list_of_single_values_is_passed_over_with_its_length_known(values: str):
    text = f'{{"a": [{", ".join([values] * 30)}], "b": [{{"c": 1}}], "d": {{"e": [{values}]}}}}'

    for block_bytes in (1, 7, 64, BLOCK_BYTES):
        scanner = JsonScanner(io.BytesIO(text.encode()), block_bytes=block_bytes)
        found = {each.name: each.count for each in outline_of(scanner).lists}
        count = len(json.loads(f"[{values}]"))
        assert found == {"a": 30 * count, "b": 1, "d.e": count}


def test_of_a_long_list_no_more_is_looked_at_than_tells_that_it_has_rows(tmp_path: Path):
    text = b'{"few": [[1]], "many": [1' + b",[]" * (LOOK_ROWS + 1) + b', broken], "more": [[2]]}'

    with opened(written(tmp_path, text)) as content:
        assert content.dialect.sheet == "few"
        assert content.choices["sheet"] == ["few", "many"]


def test_depth_and_length_and_width_have_bounds(tmp_path: Path):
    deep = b'[{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]"
    with pytest.raises(BadJson):
        read(written(tmp_path, deep))
    wide = json.dumps([{f"k{number}": 1 for number in range(20_000)}]).encode()
    with pytest.raises(TooManyColumns):
        read(written(tmp_path, wide))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'[{"a": 1}, {"a": "', b'"}]'),
        (b'{"a": 1}\n{"a": "', b'"}\n'),
        (b'{"a": [1, "', b'"]}'),
    ],
    ids=["list", "lines", "columns"],
)
def test_a_cell_beyond_the_limit_is_told_with_its_row(before: bytes, after: bytes, tmp_path: Path):
    path = written(tmp_path, before + b"x" * (CELL_LIMIT_CHARS + 1) + after)

    with pytest.raises(CellTooLong) as told:
        read(path)

    assert told.value.row_number == 2


@pytest.mark.parametrize("before", [b'[{"a": 1}, {"a": "', b'{"a": 1}\n{"a": "'])
def test_no_more_is_read_of_a_row_than_it_may_have(before: bytes, monkeypatch: pytest.MonkeyPatch):
    for module in (json_scanner, json_reader):
        monkeypatch.setattr(module, "RECORD_LIMIT_CHARS", 2 * BLOCK_BYTES)
    file = io.BytesIO(before + b"x" * (16 * BLOCK_BYTES) + b'"}')
    layout = Layout(LIST) if before.startswith(b"[") else None
    reader = JsonReader(file, layout, has_header=True, keys_from_bytes=1)

    with pytest.raises(RecordTooLong) as told:
        list(reader.batches())

    assert told.value.row_number == 2
    assert file.tell() <= 4 * BLOCK_BYTES


def test_a_value_may_lie_across_pieces_of_any_size():
    text = '[12345, "a\\u00e9ü", {"k": [true, null, -1.5e+3]}, "", 7]'
    expected = ["12345", "aéü", {"k": [True, None, "-1.5e+3"]}, "", "7"]

    for block_bytes in (1, 2, 3, 7, 64):
        scanner = JsonScanner(io.BytesIO(text.encode()), block_bytes=block_bytes)
        assert [scanner.value() for _ in scanner.elements()] == expected


def test_a_row_with_a_key_that_comes_too_late_is_refused_with_it(tmp_path: Path):
    path = written(tmp_path, b'{"a": "some text"}\n' * 60_000 + b'{"a": 2, "late": 3}\n')

    with path.open("rb") as file:
        reader = JsonReader(file, None, has_header=True, keys_from_bytes=1)
        *_, last = reader.batches()

    assert last.rows[-1] == ["2", "late: 3"]
    assert check(last, named_columns(["a"])).refusals[0].kind == "extra_cell"
