"""What can go wrong with a change of columns."""

from apiapp.imports.errors import ImportFailed


class ColumnGone(ImportFailed):
    """The values of a column that was dropped are kept no longer."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"the values of the column {name!r} are not kept any more")
        self.name = name


class CellsRefused(ImportFailed):
    """Cells of a column will not become what its new type asks for."""

    def __init__(self, *, label: str, type_: str, count: int) -> None:
        cells = "1 cell" if count == 1 else f"{count:,} cells"
        super().__init__(
            f"{cells} of {label} cannot become {type_}: nothing was changed; see the refused cells"
        )
        self.count = count
