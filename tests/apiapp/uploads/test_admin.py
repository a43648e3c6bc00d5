from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from apiapp.uploads import configured
from apiapp.uploads.models import Tombstone, Upload
from tests.apiapp.uploads.made import begin, send

LIST = "/admin/uploads/upload/"

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="carol", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def upload(caller, settings, tmp_path, limits) -> Upload:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    store = configured.store()
    upload = begin(caller, store, limits)
    send(caller, store, upload, 0, b"0123456789")
    return upload


def test_the_list_shows_owner_state_size_and_progress(client, upload):
    page = client.get(LIST).content.decode()

    for shown in ("cars.csv", "alice", "receiving", "25\xa0bytes", "40 %"):
        assert shown in page


def test_an_empty_file_is_shown_as_complete(client, upload):
    Upload.objects.update(size=0, received=0)

    assert "100 %" in client.get(LIST).content.decode()


def test_one_upload_is_shown_and_cannot_be_edited(client, upload):
    page = client.get(f"{LIST}{upload.pk}/change/")

    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.get(f"{LIST}add/").status_code == 403


def chosen(*uploads: Upload, action: str, **more: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [each.pk for each in uploads], **more}


@pytest.mark.parametrize("by_action", [True, False])
def test_purging_removes_the_bytes_too(client, upload, tmp_path, by_action):
    if by_action:
        client.post(LIST, chosen(upload, action="purge", post="yes"))
    else:
        client.post(f"{LIST}{upload.pk}/delete/", {"post": "yes"})

    assert not Upload.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert Tombstone.objects.filter(pk=upload.pk).exists()
    assert LogEntry.objects.get().object_id == upload.pk


@pytest.mark.parametrize("action", ["terminate", "purge"])
@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "1 upload and the 10\xa0bytes of it that are on the disk will be gone for good."),
        ("zh-hans", "1 个上传及其在磁盘上的 10\xa0字节将永久消失。"),
    ],
)
def test_an_action_asks_first_and_removes_nothing_until_it_is_confirmed(
    client, upload, action, language, question
):
    page = client.post(LIST, chosen(upload, action=action), headers={"accept-language": language})

    assert question in page.content.decode()
    assert Upload.objects.filter(pk=upload.pk).exists()


def test_terminating_leaves_finished_files_alone(client, caller, upload, limits):
    finished = begin(caller, configured.store(), limits, size=0)
    Upload.objects.filter(pk=finished.pk).update(state=Upload.State.FINISHED)

    client.post(LIST, chosen(upload, finished, action="terminate", post="yes"))
    page = client.post(LIST, chosen(finished, action="terminate"), follow=True)

    assert list(Upload.objects.all()) == [finished]
    assert "All of these are finished." in page.content.decode()


def test_what_is_gone_already_is_not_counted(client, caller, upload, limits):
    second = begin(caller, configured.store(), limits)
    second_pk = second.pk
    client.post(LIST, chosen(upload, action="purge", post="yes"))

    page = client.post(LIST, chosen(upload, second, action="purge", post="yes"), follow=True)

    assert "1 upload was removed." in page.content.decode()
    assert not Upload.objects.filter(pk=second_pk).exists()


def test_who_may_only_look_may_remove_nothing(upload):
    viewer = User.objects.create(username="dora", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_upload"))
    client = Client()
    client.force_login(viewer)

    page = client.get(LIST).content.decode()
    client.post(LIST, chosen(upload, action="purge", post="yes"))

    assert "cars.csv" in page
    assert "purge" not in page
    assert Upload.objects.filter(pk=upload.pk).exists()


def test_the_list_says_how_it_comes_and_how_fast(client, upload, settings):
    came_s = 5
    last_at = upload.created_at + timedelta(seconds=came_s)
    Upload.objects.update(
        protocol=Upload.Protocol.TUS,
        size=None,
        received=came_s * 2048,
        expires_at=last_at + timedelta(seconds=settings.UPLOAD_EXPIRES_S),
    )

    page = client.get(LIST).content.decode()

    for shown in ("tus", "2.0\xa0KB/s", "10.0\xa0KB"):
        assert shown in page
