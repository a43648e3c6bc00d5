import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.errors import BadColumns
from apiapp.imports.pipeline.schema import (
    LABEL_LIMIT_CHARS,
    NAME_LIMIT_BYTES,
    RESERVED,
    ColumnSpec,
    asked_columns,
    column_name,
    from_dicts,
    named_columns,
)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Unit price (€)", "unit_price"),
        ("ＦＵＬＬ Width", "full_width"),
        ("日期", "日期"),
        ("हिन्दी", "हिन्दी"),
        ("straße", "straße"),
        ("2024", "c_2024"),
        ("٣ ثلاثة", "c_٣_ثلاثة"),
        ("_id", "id"),
        ("_import", "import"),
        ("order", "c_order"),
        ("Select", "c_select"),
        ("xmin", "c_xmin"),
        ("user", "user"),
        ("Robert'); DROP TABLE students;--", "robert_drop_table_students"),
        ("a" * 300, "a" * NAME_LIMIT_BYTES),
        ("日" * 100, "日" * (NAME_LIMIT_BYTES // 3)),
        ("🙂", ""),
        (" _-_ ", ""),
    ],
)
def test_a_name_is_readable_and_safe(label: str, name: str) -> None:
    assert column_name(label) == name


@given(st.text())
def test_a_name_keeps_every_rule_and_is_its_own_name(label: str) -> None:
    name = column_name(label)

    assert len(name.encode()) <= NAME_LIMIT_BYTES
    assert name not in RESERVED
    assert "__" not in name
    assert not name.startswith("_")
    assert not name.endswith("_")
    assert not name[:1].isnumeric()
    assert "%" not in name
    assert '"' not in name
    assert column_name(name) == name


@given(st.lists(st.text(st.sampled_from("aAbB1_ 🙂"), max_size=3), max_size=30))
def test_columns_never_share_a_name(labels: list[str]) -> None:
    names = [column.name for column in named_columns(labels)]

    assert len(set(names)) == len(labels)
    assert all(names)


def test_a_column_without_a_name_has_its_number() -> None:
    columns = named_columns(["id", "", "column 2", "🙂"])

    assert [(each.name, each.label) for each in columns] == [
        ("id", "id"),
        ("column_2", "column_2"),
        ("column_2_2", "column 2"),
        ("column_4", "🙂"),
    ]


def test_a_label_is_one_line_of_what_a_database_stores() -> None:
    (column,) = named_columns([" a\n\0 b\udce9 " + "x" * 400])

    assert column.label.startswith("a � b� x")
    assert len(column.label) == LABEL_LIMIT_CHARS


PROPOSED = [ColumnSpec("id", "ID", "integer"), ColumnSpec("name", "Name")]


def test_wishes_change_what_they_name_and_leave_the_rest() -> None:
    columns = asked_columns(
        PROPOSED, [{"type": "text", "unique": True}, {"label": "Full name", "required": True}]
    )

    assert columns == [
        ColumnSpec("id", "ID", "text", unique=True),
        ColumnSpec("full_name", "Full name", required=True),
    ]


def test_two_equal_labels_get_two_names_but_two_equal_names_are_refused() -> None:
    columns = asked_columns(PROPOSED, [{"label": "Same"}, {"label": "same"}])

    assert [column.name for column in columns] == ["same", "same_2"]
    with pytest.raises(BadColumns, match="two columns"):
        asked_columns(PROPOSED, [{"name": "same"}, {"name": "same"}])


@pytest.mark.parametrize("wish", [{"type": "integer"}, {"type": "integer", "label": "%"}])
def test_a_column_without_a_letter_keeps_its_proposed_name(wish: dict[str, str]) -> None:
    columns = asked_columns(named_columns(["%", "a"]), [wish, {"label": "Column 1"}])

    assert [column.name for column in columns] == ["column_1", "column_1_2"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([{}], "1 column is described, the file has 2"),
        ([{}, {"type": "money"}], "no type 'money'"),
        ([{}, {"name": "🙂"}], "no letter or digit"),
    ],
)
def test_a_wish_that_cannot_be_is_told(asked: list[dict[str, str]], reason: str) -> None:
    with pytest.raises(BadColumns, match=reason):
        asked_columns(PROPOSED, asked)


def test_columns_come_back_from_their_dicts() -> None:
    assert from_dicts([column.to_dict() for column in PROPOSED]) == PROPOSED
