"""What can go wrong with an export."""


class TooManyExports(Exception):
    """Under way at the same time, of one user."""

    headers = {"Retry-After": "10"}

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"{limit} exports of yours are under way: let one of them end")
        self.limit = limit


class ExportTooSlow(Exception):
    """The file took longer than one may; it breaks off, and its reader can tell."""

    def __init__(self, *, limit_s: float) -> None:
        super().__init__(f"the export took more than {limit_s:g} s: narrow it with filters")
        self.limit_s = limit_s
