import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as project

from apiapp.uploads.checks import check_bucket, check_location
from apiapp.uploads.stores.s3_location import Location


def url_of(location: Location, bucket: str = "") -> str:
    options = f"endpoint={location.endpoint}&region={location.region}&addressing=path"
    return f"s3://{bucket or location.bucket}/{location.prefix}?{options}"


def told(found: list[Any]) -> list[tuple[str, str]]:
    return [(each.id, each.msg) for each in found]


def test_without_a_store_there_is_nothing_to_say(settings):
    settings.UPLOAD_STORE = ""

    assert check_location(None) == check_bucket(None) == []


@pytest.mark.parametrize("url", ["s3://", "/srv/files", "s3://files?part_mib=1"])
def test_a_store_that_cannot_be_meant_is_told_at_the_start(settings, url: str):
    settings.UPLOAD_STORE = url

    ((name, message),) = told(check_location(None))

    assert name == "uploads.E001"
    assert message.startswith("UPLOAD_STORE cannot be used: ")
    assert check_bucket(None) == []


def test_files_larger_than_an_object_may_be_are_told_at_the_start(settings):
    settings.UPLOAD_STORE, settings.UPLOAD_MAX_BYTES = "s3://files", 5 * 2**40 + 1

    assert [name for name, _ in told(check_location(None))] == ["uploads.E002"]


def test_the_check_for_deployment_looks_into_the_bucket(settings, location, client):
    settings.UPLOAD_STORE = url_of(location)
    assert check_bucket(None) == []

    settings.UPLOAD_STORE = url_of(location, bucket="nobody-has-this")
    ((name, message),) = told(check_bucket(None))
    assert name == "uploads.E003"
    assert "NoSuchBucket" in message


def test_a_server_without_such_a_store_never_loads_what_speaks_it():
    script = (
        "import sys, myproject.asgi; from apiapp.uploads import configured, tasks\n"
        "configured.store(); print('boto3' in sys.modules or 'botocore' in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=project.BASE_DIR, capture_output=True, text=True
    )

    assert ran.stdout.strip() == "False", ran.stderr
