"""Whatever is done to uploads, in any order: bytes and offsets stay right."""

import hashlib
import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from apiapp.keys.callers import person
from apiapp.uploads import beginning, expiry, merging, services
from apiapp.uploads.appending import Opening, Wanted
from apiapp.uploads.arriving import Terms
from apiapp.uploads.beginning import AnnouncedAppend
from apiapp.uploads.digests import BodyDigest
from apiapp.uploads.engine import Engine, Settling
from apiapp.uploads.errors import BodyMismatch, BodyTooLarge, OffsetMismatch, UploadGone
from apiapp.uploads.folding import Folding
from apiapp.uploads.models import PARTIAL, Upload
from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW

pytestmark = pytest.mark.django_db

CONTENT = random.Random(5).randbytes(5000)
EXPIRES_S = 3600.0


class Told:
    """What a client knows of its upload."""

    def __init__(self, upload: Upload, size: int) -> None:
        self.file_id = upload.file_id
        self.size = size
        self.start = int(upload.file_id[:4], 16) % 1000  # where its bytes begin in CONTENT
        self.offset = 0
        self.is_partial = upload.is_partial
        self.parts: list[Told] = []

    @property
    def content(self) -> bytes:
        if self.parts:
            return b"".join(part.content for part in self.parts)
        return CONTENT[self.start : self.start + self.size]

    @property
    def is_complete(self) -> bool:
        return all(part.is_complete for part in self.parts) and self.offset == self.size


class Uploads(RuleBasedStateMachine):
    folding: Folding
    uploads = Bundle("uploads")
    finals = Bundle("finals")

    @initialize()
    def begin(self) -> None:
        Upload.objects.all().delete()
        self.folder = Path(tempfile.mkdtemp())
        user, _ = User.objects.get_or_create(username="machine")
        self.caller = person(user)
        self.now = NOW
        self.limits = Limits(
            file_bytes=100_000, user_bytes=10**9, chunk_bytes=10, expires_s=EXPIRES_S
        )
        self.alive: dict[str, Told] = {}
        self.gone: set[str] = set()
        self.restart()

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule()
    def restart(self) -> None:
        store = FileStore(self.folder)
        self.engine = Engine(Terms(store, self.limits, lambda: self.now, self.folding))
        self.store = store

    def told(self, told: Told) -> Told:
        self.alive[told.file_id] = told
        return told

    @rule(
        target=uploads,
        size=st.sampled_from([0, 1, 500, 1000]),
        is_partial=st.booleans(),
        is_deferred=st.booleans(),
    )
    def create(self, size: int, is_partial: bool, is_deferred: bool) -> Told:
        announced = AnnouncedAppend(
            protocol=Upload.Protocol.TUS,
            filename="a.csv",
            size=None if is_deferred else size,
            concat=PARTIAL if is_partial else "",
        )
        upload = beginning.create(caller=self.caller, announced=announced, terms=self.engine.terms)
        return self.told(Told(upload, size))

    def opened(self, told: Told, wanted: Wanted) -> Any:
        opening = Opening(
            self.engine,
            admit=lambda: self.caller,
            file_id=told.file_id,
            wanted=wanted,
            stop=lambda: None,
        )
        return opening.try_once()

    @rule(told=uploads, length=st.integers(0, 700), is_cut=st.booleans())
    def append(self, told: Told, length: int, is_cut: bool) -> None:
        if told.file_id in self.gone:
            return
        sent = told.content[told.offset :][:length]
        wanted = Wanted(told.offset, length_bytes=told.size)
        appending = self.opened(told, wanted)
        appending.write([sent[:100]])
        (appending.cut if is_cut else appending.keep)([sent[100:]])
        told.offset += len(sent)

    @rule(told=uploads, length=st.integers(1, 700), is_right=st.booleans())
    def append_checksummed(self, told: Told, length: int, is_right: bool) -> None:
        sent = told.content[told.offset :][:length]
        if told.file_id in self.gone or not sent:
            return
        digest = BodyDigest("crc32", b"")
        digest.update(sent)
        right = BodyDigest("crc32", digest._digest.digest() if is_right else b"wrong")
        appending = self.opened(told, Wanted(told.offset, length_bytes=told.size, digest=right))
        try:
            appending.keep([sent])
            told.offset += len(sent)
        except BodyMismatch:
            appending.release()

    @rule(told=uploads, by=st.integers(1, 50))
    def append_elsewhere(self, told: Told, by: int) -> None:
        if told.file_id in self.gone:
            return
        with pytest.raises(OffsetMismatch):
            self.opened(told, Wanted(told.offset + by))

    @rule(told=uploads)
    def append_too_much(self, told: Told) -> None:
        if told.file_id in self.gone:
            return
        with pytest.raises(BodyTooLarge):
            self.opened(told, Wanted(told.offset, length_bytes=told.size, body_bytes=1001))

    @rule(told=uploads)
    def die_while_appending(self, told: Told) -> None:
        """The process ends with bytes written that were not committed; the kernel closes files."""
        if told.file_id in self.gone or told.offset == told.size:
            return
        appending = self.opened(told, Wanted(told.offset, length_bytes=told.size))
        appending.write([b"?" * min(20, told.size - told.offset)])
        appending.close()
        self.restart()

    @rule(told=consumes(uploads))
    def terminate(self, told: Told) -> None:
        if told.file_id in self.gone:
            return
        upload = self.engine.find(self.caller, told.file_id)
        services.remove(upload, store=self.store, now=self.now)
        self.forget(told)

    def forget(self, told: Told) -> None:
        self.gone.add(told.file_id)
        self.alive.pop(told.file_id, None)

    @rule()
    def expire(self) -> None:
        self.now += timedelta(seconds=EXPIRES_S + 1)
        expiry.expire(store=self.store, now=self.now)
        kept = set(Upload.objects.values_list("pk", flat=True))
        for told in [told for told in self.alive.values() if told.file_id not in kept]:
            self.forget(told)

    @rule(target=finals, parts=st.lists(uploads, min_size=1, max_size=4))
    def concatenate(self, parts: list[Told]) -> Any:
        usable = [part for part in parts if part.is_partial and part.file_id not in self.gone]
        if not usable:
            return None
        announced = AnnouncedAppend(
            protocol=Upload.Protocol.TUS,
            filename="a.csv",
            size=None,
            concat="final;...",
            part_ids=tuple(part.file_id for part in usable),
        )
        upload = beginning.create(caller=self.caller, announced=announced, terms=self.engine.terms)
        told = Told(upload, 0)
        told.parts = usable
        return self.told(told)

    @rule()
    def merge(self) -> None:
        for upload in list(Upload.objects.filter(state=Upload.State.VERIFYING, job__isnull=False)):
            told = self.alive[upload.file_id]
            merging.merge(
                file_id=upload.file_id,
                store=self.store,
                clock=lambda: self.now,
                on_progress=lambda *a, **k: None,
            )
            upload.refresh_from_db()
            assert services.path_of(upload, self.store).read_bytes() == told.content
            assert upload.sha256 == hashlib.sha256(told.content).hexdigest()
            for part in told.parts:
                if not Upload.objects.filter(pk=part.file_id).exists():
                    self.forget(part)

    @invariant()
    def every_offset_is_as_it_was_told(self) -> None:
        for told in getattr(self, "alive", {}).values():
            if told.parts:
                continue
            settling = Settling(self.engine, admit=lambda: self.caller, file_id=told.file_id)
            upload = settling.try_once()
            assert upload and upload.received == told.offset
        for file_id in getattr(self, "gone", ()):
            with pytest.raises(UploadGone):
                self.engine.find(self.caller, file_id)

    @invariant()
    def what_has_all_its_bytes_is_on_its_way(self) -> None:
        for told in getattr(self, "alive", {}).values():
            upload = Upload.objects.get(pk=told.file_id)
            if told.parts and upload.state == Upload.State.RECEIVING:
                assert not all(part.is_complete and part.offset for part in told.parts)


@pytest.mark.parametrize("steps", [30])
def test_bytes_offsets_and_digests_stay_right(steps: int):
    Uploads.folding = Folding(least_bytes=1)
    run_state_machine_as_test(
        Uploads,
        settings=settings(
            max_examples=40,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Uploads.folding.close()
