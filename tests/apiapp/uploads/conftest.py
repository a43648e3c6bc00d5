from pathlib import Path

import pytest
from django.contrib.auth.models import User

from apiapp.keys.callers import Caller, person
from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore

MIB = 2**20


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "uploads")


@pytest.fixture
def limits() -> Limits:
    return Limits(file_bytes=MIB, user_bytes=2 * MIB, chunk_bytes=10, expires_s=3600.0)


@pytest.fixture
def caller(db: None) -> Caller:
    return person(User.objects.create(username="alice"))  # no password: hashing one takes long


@pytest.fixture
def other_caller(db: None) -> Caller:
    return person(User.objects.create(username="bob"))
