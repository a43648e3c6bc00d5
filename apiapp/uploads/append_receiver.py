"""Async: what the ASGI apps have in common by which bytes are appended, whatever they speak."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from apiapp.http.errors import require_plain
from apiapp.uploads import services
from apiapp.uploads.admitting import count_stranger, uploading_caller, with_own_connection
from apiapp.uploads.append_bodies import AppendBodies
from apiapp.uploads.bodies import Lane
from apiapp.uploads.body_receiver import IDLE_S, THREADS, BodyReceiver
from apiapp.uploads.engine import Engine
from apiapp.uploads.errors import WrongMethod
from apiapp.uploads.exchange import Problem, Scope, header
from apiapp.uploads.models import Upload


class AppendReceiver(BodyReceiver):
    """A collection of uploads, and all uploads below it.

    path: of both; its group is the id of an upload.  of_collection, of_upload: their methods.
    """

    path: ClassVar[re.Pattern[str]]
    of_collection: ClassVar[tuple[str, ...]]
    of_upload: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        *,
        engine: Engine,
        problem_for: Callable[[Exception], Problem],
        idle_s: float = IDLE_S,
        threads: int = THREADS,
        run: Callable[[Callable[[], Any]], Any] = with_own_connection,
    ) -> None:
        super().__init__(
            terms=engine.terms, problem_for=problem_for, idle_s=idle_s, threads=threads, run=run
        )
        self._engine = engine
        self._bodies = AppendBodies(engine, self._threads, idle_s=idle_s)

    def matches(self, scope: Scope) -> bool:
        """Whether the request is one for here.  A browser's preflight is not."""
        if scope["type"] != "http" or not self.path.fullmatch(scope["path"]):
            return False
        return scope["method"] != "OPTIONS" or not header(scope, b"access-control-request-method")

    def _asked(self, scope: Scope) -> tuple[str, str]:
        """The method, and of which upload; empty: of the collection.

        Raises WrongMethod, EncodedBody.
        """
        found = self.path.fullmatch(scope["path"])
        assert found
        method, file_id = scope["method"], found[1] or ""
        allowed = self._allowed(file_id)
        if method not in allowed:
            raise WrongMethod(method=method, allowed=allowed)
        require_plain(header(scope, b"content-encoding"))
        return method, file_id

    def _allowed(self, file_id: str) -> tuple[str, ...]:
        return self.of_upload if file_id else self.of_collection

    async def _count_stranger(self, scope: Scope) -> None:
        """Of what is open to all, as clients ask before they show who they are."""
        await Lane(self._threads).run(partial(count_stranger, scope))

    async def _delete_upload(self, scope: Scope, file_id: str) -> None:
        """Raises UnknownUpload, UploadGone, and as uploading_caller."""

        def delete() -> None:
            self._remove(self._engine.find(uploading_caller(scope), file_id))

        await Lane(self._threads).run(delete)

    def _remove(self, upload: Upload) -> None:
        """Blocking."""
        services.remove(upload, store=self._terms.store, now=self._terms.clock())
        self._engine.writers.stop_all(upload.file_id)
