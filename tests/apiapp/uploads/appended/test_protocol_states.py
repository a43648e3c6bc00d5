"""Whatever clients do by whichever protocol, in any order: what they are told stays true."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import merging, services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.digests import BodyDigest
from apiapp.uploads.engine import Engine
from apiapp.uploads.models import Upload
from apiapp.uploads.resumable_receive import ResumableReceiver
from apiapp.uploads.tus_receive import TusReceiver
from tests.apiapp.uploads.appended.tus_requests import TusClient, base64_of, id_in, path_of
from tests.apiapp.uploads.requests_over_asgi import COMPLETE, GONE, WAITING, Answer, Request

CONTENT = random.Random(5).randbytes(5000)
SIZES = (0, 1, 500, 1000)
GONE_STATUS = (404, 410)
CHECKSUMS = ("none", "none", "right", "wrong")


class Told:
    """What a client knows of its upload."""

    def __init__(self, path: str, size: int, *, is_partial: bool, is_length_known: bool) -> None:
        self.path = path
        self.size = size
        self.is_partial = is_partial
        self.is_length_known = is_length_known
        self.offset = 0
        self.parts: list[Told] = []
        self._start = int(id_in(path)[:4], 16) % 1000  # where its bytes begin in CONTENT

    @property
    def content(self) -> bytes:
        if self.parts:
            return b"".join(part.content for part in self.parts)
        return CONTENT[self._start : self._start + self.size]

    def next_bytes(self, length: int) -> bytes:
        return self.content[self.offset :][:length]


class Both:
    """The app that takes both protocols, as the server's does; `terms` outlive it."""

    def __init__(self, terms: Terms) -> None:
        engine = Engine(terms)
        shared: dict[str, Any] = {"problem_for": problem_for, "idle_s": 20.0, "threads": 2}
        self.tus = TusReceiver(engine=engine, **shared)
        self.resumable = ResumableReceiver(engine=engine, **shared)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self.tus if self.tus.matches(scope) else self.resumable
        await app(scope, receive, send)

    def close(self) -> None:
        self.tus.close()
        self.resumable.close()


class Protocols(RuleBasedStateMachine):
    terms: Terms
    key: dict[str, str]
    uploads = Bundle("uploads")
    finals = Bundle("finals")

    @initialize()
    def begin(self) -> None:
        Upload.objects.all().delete()
        self.alive: dict[str, Told] = {}
        self.app = Both(self.terms)
        self.client = TusClient(self.app, self.key)  # type: ignore[arg-type]

    def teardown(self) -> None:
        if hasattr(self, "app"):
            self.check_all()
            self.app.close()

    # --- what is known

    def answer(self, request: Request) -> Answer:
        (got,) = self.client.ask(request)
        assert got
        return got

    def is_gone(self, told: Told) -> bool:
        return told.path not in self.alive

    def check(self, told: Told) -> None:
        """By both protocols."""
        head = self.client.head(told.path)
        if self.is_gone(told):
            assert head.status in GONE_STATUS
            return
        if any(self.is_gone(part) for part in told.parts) and head.status == 410:
            return  # it can never be whole
        assert head.status == 200, head.headers
        if told.parts:
            return
        assert head.headers["upload-offset"] == str(told.offset)
        assert ("upload-length" in head.headers) == told.is_length_known
        if not told.is_partial:
            other = self.answer(self.client.request("HEAD", resumable_path(told)))
            assert (other.status, other.headers["upload-offset"]) == (204, str(told.offset))

    def check_all(self) -> None:
        for told in self.alive.values():
            self.check(told)

    def send(self, told: Told, request: Request) -> Answer | None:
        (got,) = self.client.ask(request)
        return got

    # --- what clients do

    @rule(
        target=uploads,
        size=st.sampled_from(SIZES),
        first=st.integers(0, 600),
        is_partial=st.booleans(),
        is_deferred=st.booleans(),
    )
    def create(self, size: int, first: int, is_partial: bool, is_deferred: bool) -> Told:
        headers: dict[str, Any] = {"upload_length": size}
        if is_deferred:
            headers = {"upload_defer_length": 1}
        if is_partial:
            headers["upload_concat"] = "partial"
        got = self.client.post(**headers)
        assert got.status == 201, got.json
        path = path_of(got)
        told = Told(path, size, is_partial=is_partial, is_length_known=not is_deferred)
        self.alive[path] = told
        if first:
            self.append(told, first, False, "none", True)
        return told

    @rule(
        told=uploads,
        length=st.integers(0, 700),
        is_cut=st.booleans(),
        checksum=st.sampled_from(CHECKSUMS),
        tells_length=st.booleans(),
    )
    def append(
        self, told: Told, length: int, is_cut: bool, checksum: str, tells_length: bool
    ) -> None:
        sent = told.next_bytes(length)
        headers = {"Content-Length": str(len(told.next_bytes(1000)) if is_cut else len(sent))}
        if checksum != "none":
            headers["Upload-Checksum"] = crc32_of(sent, is_right=checksum == "right")
        if tells_length:
            headers["Upload-Length"] = str(told.size)
        ending = GONE if is_cut else COMPLETE
        request = self.client.patching(
            told.path, sent, told.offset, headers=headers, ending=ending, piece_bytes=300
        )

        got = self.send(told, request)

        if self.is_gone(told):
            assert got and got.status in GONE_STATUS
            return
        told.is_length_known |= tells_length
        if is_cut:
            assert got is None
            told.offset += len(sent) if checksum == "none" else 0
        elif checksum == "wrong":
            assert got and got.status == 460, got
        else:
            assert got and got.status == 204, got
            told.offset += len(sent)
            assert got.headers["upload-offset"] == str(told.offset)
        self.check(told)

    @rule(told=uploads, length=st.integers(0, 700))
    def append_by_the_other_protocol(self, told: Told, length: int) -> None:
        if told.is_partial or told.offset == told.size:
            return
        sent = told.next_bytes(length)
        is_last = told.offset + len(sent) == told.size
        headers = {
            "Content-Type": "application/partial-upload",
            "Content-Length": str(len(sent)),
            "Upload-Offset": str(told.offset),
            "Upload-Complete": "?1" if is_last else "?0",
        }
        got = self.send(
            told,
            self.client.request("PATCH", resumable_path(told), headers=headers, pieces=[sent]),
        )

        assert got
        if self.is_gone(told):
            assert got.status in GONE_STATUS
            return
        assert got.status == (202 if is_last else 204), got
        told.offset += len(sent)
        told.is_length_known |= is_last
        self.check(told)

    @rule(told=uploads, length=st.integers(1, 700))
    def hang_and_come_back(self, told: Told, length: int) -> None:
        """The old connection is still open while its client asks by a new one."""
        sent, rest = told.next_bytes(length), told.next_bytes(1000)
        if self.is_gone(told) or not sent:
            return
        hung = self.client.patching(
            told.path,
            sent,
            told.offset,
            headers={"Content-Length": str(len(rest))},
            ending=WAITING,
        )
        old, asked = asyncio.run(both(self.app, hung, self.client.request("HEAD", told.path)))

        told.offset += len(sent)
        assert (asked.status, asked.headers["upload-offset"]) == (200, str(told.offset))
        assert old.status == 409
        self.check(told)

    @rule(told=uploads, by=st.integers(1, 50))
    def append_elsewhere(self, told: Told, by: int) -> None:
        got = self.client.patch(told.path, b"?", told.offset + by)

        assert got.status in (GONE_STATUS if self.is_gone(told) else (409,))

    @rule(told=uploads)
    def append_too_much(self, told: Told) -> None:
        if told.is_length_known:
            got = self.client.patch(told.path, b"?" * 1001, told.offset)
            assert got.status in (GONE_STATUS if self.is_gone(told) else (413,))

    @rule(told=st.one_of(consumes(uploads), consumes(finals)), by_other=st.booleans())
    def terminate(self, told: Told, by_other: bool) -> None:
        path = resumable_path(told) if by_other else told.path
        got = self.answer(self.client.request("DELETE", path))

        assert got.status in (GONE_STATUS if self.is_gone(told) else (204,))
        self.alive.pop(told.path, None)
        self.check(told)

    @rule(target=finals, parts=st.lists(uploads, min_size=1, max_size=4))
    def concatenate(self, parts: list[Told]) -> Any:
        usable = [part for part in parts if part.is_partial and not self.is_gone(part)]
        if not usable:
            return multiple()
        named = " ".join(part.path for part in usable)
        path = self.client.created(upload_concat=f"final;{named}")
        told = Told(path, 0, is_partial=False, is_length_known=False)
        told.parts = usable
        self.alive[path] = told
        return told

    # --- what the server does

    @rule()
    def restart(self) -> None:
        self.app.close()
        self.app = self.client.receiver = Both(self.terms)  # type: ignore[assignment]
        self.check_all()

    @rule()
    def merge(self) -> None:
        for upload in list(Upload.objects.filter(state=Upload.State.VERIFYING, job__isnull=False)):
            (told,) = (each for each in self.alive.values() if id_in(each.path) == upload.pk)
            merging.merge(
                file_id=upload.file_id,
                store=self.terms.store,
                clock=self.terms.clock,
                on_progress=lambda *a, **k: None,
            )
            upload.refresh_from_db()
            assert services.path_of(upload, self.terms.store).read_bytes() == told.content
            for part in told.parts:
                if not Upload.objects.filter(pk=id_in(part.path)).exists():
                    self.alive.pop(part.path, None)


def resumable_path(told: Told) -> str:
    return f"/api/resumable/{id_in(told.path)}/"


def crc32_of(sent: bytes, *, is_right: bool) -> str:
    digest = BodyDigest("crc32", b"")
    digest.update(sent if is_right else b"another" + sent)
    return f"crc32 {base64_of(digest._digest.digest())}"


async def both(app: Any, first: Request, second: Request) -> tuple[Any, Any]:
    """The answers to a request that hangs, and to one that is sent then."""
    hanging = asyncio.ensure_future(first.send_to(app))
    await first.has_stalled.wait()
    return await asyncio.gather(hanging, second.send_to(app))


def test_what_clients_are_told_stays_true(
    terms: Terms, caller: Caller, key_for: Callable[..., str]
):
    key = {"Authorization": f"Bearer {key_for(caller.user)}"}
    machine = type("Machine", (Protocols,), {"terms": terms, "key": key})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
