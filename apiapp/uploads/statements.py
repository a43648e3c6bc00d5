"""Blocking: what every request that appends asks of its upload's row, in SQL that is made once.

The ORM makes it anew each time, which takes it many times longer than the database takes to answer.
"""

from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, connections

from apiapp.uploads.models import Upload

SET_OFFSET = """
UPDATE uploads_upload SET received = %s, expires_at = %s
WHERE file_id = %s AND writer_token = %s AND state = %s
"""


def upload_with_id(file_id: str) -> Upload | None:
    """As the database has it now."""
    select = select_by_id()
    with connection.cursor() as cursor:
        cursor.execute(select.sql, [file_id])
        row = cursor.fetchone()
    return select.upload_in(row) if row else None


def set_offset(upload: Upload, *, received: int, expires_at: datetime) -> bool:
    """Whether it still receives bytes, and from this writer; if not, nothing was changed."""
    expires = connection.ops.adapt_datetimefield_value(expires_at)
    state = Upload.State.RECEIVING.value
    with connection.cursor() as cursor:
        cursor.execute(SET_OFFSET, [received, expires, upload.pk, upload.writer_token, state])
        return cursor.rowcount > 0


class SelectById:
    """What the ORM makes of `Upload.objects.get(pk=...)`."""

    def __init__(self) -> None:
        uploads = Upload.objects.order_by().filter(pk="")
        self._using = uploads.db
        self._compiler = uploads.query.get_compiler(connection=connections[self._using])
        self.sql, _ = self._compiler.as_sql()
        columns = [column for column, _, _ in self._compiler.select]
        self._names = [column.target.attname for column in columns]
        self._converters = self._compiler.get_converters(columns)

    def upload_in(self, row: tuple[Any, ...]) -> Upload:
        (values,) = self._compiler.apply_converters([row], self._converters)
        return Upload.from_db(self._using, self._names, values)


@cache
def select_by_id() -> SelectById:
    return SelectById()
