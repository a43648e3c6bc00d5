import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp.uploads import configured
from apiapp.uploads.models import Upload
from tests.apiapp.uploads.made import begin, send

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
    page = client.get("/admin/uploads/upload/").content.decode()

    for shown in ("cars.csv", "alice", "receiving", "25\xa0bytes", "40 %"):
        assert shown in page


def test_an_empty_file_is_shown_as_complete(client, upload):
    Upload.objects.update(size=0, received=0)

    assert "100 %" in client.get("/admin/uploads/upload/").content.decode()


def test_one_upload_is_shown_and_cannot_be_edited(client, upload):
    page = client.get(f"/admin/uploads/upload/{upload.pk}/change/")

    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.get("/admin/uploads/upload/add/").status_code == 403


@pytest.mark.parametrize("by_action", [True, False])
def test_deleting_removes_the_bytes_too(client, upload, tmp_path, by_action):
    if by_action:
        chosen = {"action": "delete_selected", "_selected_action": [upload.pk], "post": "yes"}
        client.post("/admin/uploads/upload/", chosen)
    else:
        client.post(f"/admin/uploads/upload/{upload.pk}/delete/", {"post": "yes"})

    assert not Upload.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
