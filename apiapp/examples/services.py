"""What the open examples store.  They see and change open rows alone: those without an owner.

What a row cannot hold is not stored, and the endpoint answers all the same.
"""

from collections import deque
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apiapp.examples.models import LARGEST_ID, ExampleRow, ExampleUser, Item, Post, Resource
from apiapp.examples.write_behind import WriteBehind

KEPT_ROWS = 1000  # open rows of a kind: strangers write them, and nobody else would clear up
KEPT_CHARS = 100_000  # of a text
RESOURCE_NAME_CHARS = 200


def open_users() -> list[ExampleUser]:
    return list(ExampleUser.objects.filter(owner=None).order_by("pk"))


def name_of_user(*, user_id: str) -> str | None:
    """The name of an open user; None if there is none of this number, which may be any long."""
    if not is_storable(user_id):
        return None
    found = ExampleUser.objects.filter(owner=None, pk=int(user_id))
    return found.values_list("name", flat=True).first()


def store_post(*, title: str, content: str) -> None:
    if fits(title, content):
        open_rows.do(lambda changes: changes.posts.append((title, content)))


def delete_posts() -> None:
    """Delete all open posts."""
    open_rows.do(OpenRows.clear_posts)


def store_item(*, item_id: str, name: str, description: str) -> None:
    """Create or replace the open item of this number; one that has an owner stays as it is."""
    if is_storable(item_id) and fits(name, description):
        values = {"name": name, "description": description}
        open_rows.do(lambda changes: changes.put(Item, int(item_id), values))


def store_resource(*, resource_id: str, data: dict[str, str]) -> None:
    """Create or replace the open resource of this name; one that has an owner stays as it is."""
    if is_storable_name(resource_id) and fits(*data.values()):
        open_rows.do(lambda changes: changes.put(Resource, resource_id, {"data": data}))


def delete_resource(*, resource_id: str) -> None:
    """Delete the open resource of this name, if there is one."""
    if is_storable_name(resource_id):
        open_rows.do(lambda changes: changes.put(Resource, resource_id, None))


class OpenRows:
    """Changes to open rows, the last one of each row; no more than are kept at all."""

    def __init__(self) -> None:
        self.posts: deque[tuple[str, str]] = deque(maxlen=KEPT_ROWS)
        self._has_cleared_posts = False
        self._rows: dict[tuple[type[ExampleRow], Any], dict[str, Any] | None] = {}

    def clear_posts(self) -> None:
        self.posts.clear()
        self._has_cleared_posts = True

    def put(self, kind: type[ExampleRow], pk: Any, values: dict[str, Any] | None) -> None:
        """values: None, and the row is to be deleted."""
        self._rows.pop((kind, pk), None)
        self._rows[kind, pk] = values
        if len(self._rows) > KEPT_ROWS:
            del self._rows[next(iter(self._rows))]

    def write(self) -> None:
        if self._has_cleared_posts:
            Post.objects.filter(owner=None).delete()
        if self.posts:
            Post.objects.bulk_create(Post(title=t, content=c) for t, c in self.posts)
            keep_newest(Post.objects.all())
        for (kind, pk), values in self._rows.items():
            if values is None:
                kind._default_manager.filter(owner=None, pk=pk).delete()
            else:
                put(kind, pk, values, now=timezone.now())


open_rows = WriteBehind(OpenRows)


def put(kind: type[ExampleRow], pk: Any, values: dict[str, Any], *, now: datetime) -> None:
    """Two at a time end as one after the other: the later one may be the one that is replaced."""
    rows: QuerySet[Any] = kind._default_manager.all()
    if not rows.filter(owner=None, pk=pk).update(**values, updated_at=now):
        rows.bulk_create([kind(**values | {"pk": pk})], ignore_conflicts=True)
        keep_newest(rows)


def is_storable(digits: str) -> bool:
    """Whether a number without leading zeros is one that a row can have."""
    return len(digits) <= len(str(LARGEST_ID)) and int(digits) <= LARGEST_ID


def is_storable_name(text: str) -> bool:
    return len(text) <= RESOURCE_NAME_CHARS and "\0" not in text


def fits(*texts: str) -> bool:
    return all(len(text) <= KEPT_CHARS for text in texts)


def keep_newest(rows: QuerySet[Any]) -> None:
    """Delete the open rows beyond KEPT_ROWS, the longest unchanged first."""
    unowned = rows.filter(owner=None).order_by("-updated_at", "-pk")
    surplus = list(unowned.values_list("pk", flat=True)[KEPT_ROWS : KEPT_ROWS + 100])
    if surplus:
        rows.filter(owner=None, pk__in=surplus).delete()
