"""The corpus of messy files and its scorer: what `python -m bench.imports.reading` measures with."""

import csv
import io
import sys
from collections import defaultdict

import pytest

from bench.imports.reading import contenders
from bench.imports.reading.corpus import names, right_readings, write_corpus
from bench.imports.reading.messes import MESSES, messy_files
from bench.imports.reading.report import Result, by_class, figure, group_of, worst
from bench.imports.reading.scoring import best_score, nothing_read, score

GRID = [["id", "name"], ["1", "Ann"], ["2", "Bo"], ["3", ""]]
SEED = 7
# Classes with files that any reader of plain CSV reads: what is unusual is in the table itself.
SOUND = {"clean", "dates", "empty-columns", "few-rows", "footer", "header-none", "numbers"}
SOUND |= {"delimiter-lookalike", "logs", "odd-bytes", "one-column", "ragged"}


@pytest.fixture(scope="module")
def corpus():
    return list(messy_files(SEED))


def test_a_perfect_reading_scores_1(corpus):
    for name, draft, _ in corpus:
        for answer in draft.answers:
            found = best_score(answer, draft.answers)

            assert found.is_exact, name
            assert found.header.f1 == found.cells.precision == found.cells.recall == 1.0


def test_one_wrong_cell_is_seen():
    found = score([["id", "name"], ["1", "Ann"], ["2", "Bob"], ["3", ""]], GRID)

    assert found.cells.matched == found.cells.expected - 1 == 6
    assert (found.records.matched, found.records.expected) == (2, 3)
    assert found.header.f1 == 1.0
    assert not found.is_exact


def test_a_row_too_many_costs_its_cells_only():
    found = score([["a preamble"], *GRID], GRID)

    assert found.cells.recall == 1.0
    assert found.cells.precision == 7 / 8
    assert found.header.f1 == 0.0


def test_a_row_that_is_missing_costs_its_cells_only():
    found = score([GRID[0], *GRID[2:]], GRID)

    assert found.cells.precision == 1.0
    assert found.cells.recall == 5 / 7


def test_a_cell_in_another_column_is_wrong():
    found = score([["id", "name"], ["Ann", "1"]], GRID[:2])

    assert found.cells.matched == 2


def test_rows_that_all_differ_are_aligned_by_their_cells():
    answer = [["a", str(number), "c"] for number in range(10)]
    read = [["oops"], *[["a", str(number), "x"] for number in range(10)]]

    assert score(read, answer).cells.matched == 20


def test_empty_cells_at_the_end_of_a_row_count_for_nothing():
    assert score([["id", "name", ""], ["1", "Ann"], ["2", "Bo"], ["3"]], GRID).is_exact


def test_of_several_right_readings_the_nearest_counts():
    assert best_score(GRID, [[["x"]], GRID]).is_exact


def test_a_contender_that_fails_scores_0():
    assert nothing_read([GRID]).cells.f1 == 0.0
    assert nothing_read([[]]).cells.f1 == 0.0


def test_there_are_300_files_at_least_and_several_of_each_class(corpus):
    count = defaultdict(int)
    for name, _, _ in corpus:
        count[group_of(name)] += 1

    assert len(corpus) >= 300
    assert set(count) == {*MESSES, "combined"}
    assert min(count.values()) >= 5


def test_the_same_seed_makes_the_same_files(corpus):
    again = {name: data for name, _, data in messy_files(SEED)}

    assert again == {name: data for name, _, data in corpus}
    assert next(messy_files(SEED + 1))[2] != again["clean-01.csv"]


def test_each_messy_file_differs_from_its_clean_table(corpus):
    for name, draft, data in corpus:
        if group_of(name) not in SOUND:
            assert data != as_clean(draft.answers[0]), name


def test_each_class_has_files_that_a_plain_reader_misreads(corpus):
    """Else the class would measure nothing."""
    misread = set()
    for name, draft, data in corpus:
        group = group_of(name)
        if group not in misread and not best_score(plainly_read(data), draft.answers).is_exact:
            misread.add(group)

    assert {*MESSES, "combined"} - misread - SOUND == {"line-ends"}


def test_a_corpus_on_disk_is_read_back_as_it_was_made(tmp_path, corpus):
    files, answers = tmp_path / "files", tmp_path / "answers"
    files.mkdir()
    answers.mkdir()

    write_corpus(corpus[::20], files, answers)

    assert list(names(files, answers)) == sorted(name for name, _, _ in corpus[::20])
    for name, draft, data in corpus[::20]:
        assert (files / name).read_bytes() == data
        assert right_readings(answers, name) == list(draft.answers)


def test_a_reader_that_hangs_or_ends_is_replaced(tmp_path):
    script = tmp_path / "reader.py"
    script.write_text(
        "import sys, time\n"
        "for line in sys.stdin:\n"
        "    if '-hang' in line: time.sleep(60)\n"
        "    if '-end' in line: sys.exit()\n"
        "    print('read', flush=True)\n"
    )
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a.csv", "b-hang.csv", "c-end.csv", "d.csv"):
        (files / name).touch()
    read = contenders.peer([sys.executable, str(script)], limit_s=0.2, start_s=20)

    assert read(files, tmp_path) == {
        "b-hang.csv": "not read within 0.2 s",
        "c-end.csv": "the process ended",
    }


def test_the_table_has_a_row_for_each_class_and_marks_the_best():
    good, bad = score(GRID, GRID), nothing_read([GRID])
    results = {
        "one": [Result("ragged-1.csv", good)],
        "other": [Result("ragged-1.csv", bad, "lost")],
    }

    table = by_class(results)

    assert "| ragged | 1 | **1.000** | 0.000 |" in table
    assert "ragged-1.csv | 0.000 | lost" in worst(results["other"], count=5)


def test_no_figure_looks_perfect_that_is_not():
    assert (figure(1.0), figure(0.99999), figure(0.5)) == ("1.000", "0.999", "0.500")


def as_clean(grid: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(grid)
    return text.getvalue().encode()


def plainly_read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline="")))
