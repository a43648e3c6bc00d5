import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from apiapp.keys.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def add_key(admin: Client, owner: User, **fields: object) -> str:
    form = {"owner": owner.pk, "name": "laptop", "scopes": ["uploads"], **fields}
    response = admin.post(reverse("admin:keys_apikey_add"), form)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    found = re.search(r'value="([0-9a-f]{12}\.[^"]+)"', response.content.decode())
    assert found
    return found.group(1)


def test_a_new_key_is_shown_exactly_once_and_works(admin: Client, user: User):
    key = add_key(admin, user)

    answer = Client().get("/api/jobs/", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    for page in (
        reverse("admin:keys_apikey_changelist"),
        reverse("admin:keys_apikey_change", args=[ApiKey.objects.get().pk]),
    ):
        response = admin.get(page)
        assert response.status_code == 200
        assert key.partition(".")[2] not in response.content.decode()


def test_revoking_ends_a_key_that_was_just_used(admin: Client, user: User):
    key = add_key(admin, user)
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/jobs/", headers=headers).status_code == 200

    admin.post(
        reverse("admin:keys_apikey_changelist"),
        {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk]},
    )

    assert Client().get("/api/jobs/", headers=headers).status_code == 401


def test_deleting_ends_a_key_that_was_just_used(admin: Client, user: User):
    key = add_key(admin, user)
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/jobs/", headers=headers).status_code == 200

    admin.post(reverse("admin:keys_apikey_delete", args=[ApiKey.objects.get().pk]), {"post": "yes"})

    assert ApiKey.objects.count() == 0
    assert Client().get("/api/jobs/", headers=headers).status_code == 401


def test_deleting_a_user_ends_their_keys(admin: Client, user: User, other_user: User):
    keys = [add_key(admin, each) for each in (user, other_user)]
    headers = [{"Authorization": f"Bearer {key}"} for key in keys]
    assert [Client().get("/api/jobs/", headers=each).status_code for each in headers] == [200, 200]

    admin.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})
    admin.post(
        reverse("admin:auth_user_changelist"),
        {"action": "delete_selected", "_selected_action": [other_user.pk], "post": "yes"},
    )

    assert [Client().get("/api/jobs/", headers=each).status_code for each in headers] == [401, 401]


def test_a_form_without_scopes_is_refused(admin: Client, user: User):
    response = admin.post(reverse("admin:keys_apikey_add"), {"owner": user.pk, "name": "laptop"})

    assert "This field is required" in response.content.decode()
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize("model", ["auth_user", "auth_group", "keys_apikey"])
@pytest.mark.parametrize("page", ["changelist", "add"])
def test_the_pages_open(admin: Client, model: str, page: str):
    assert admin.get(reverse(f"admin:{model}_{page}")).status_code == 200


def test_a_user_who_has_datasets_cannot_be_deleted_and_one_who_has_none_can(
    admin: Client, user: User, other_user: User
):
    Dataset.objects.create(owner=user, slug="cars", title="Cars")

    for one in (user, other_user):
        admin.post(reverse("admin:auth_user_delete", args=[one.pk]), {"post": "yes"})

    assert list(User.objects.filter(pk__in=[user.pk, other_user.pk])) == [user]


def test_a_user_goes_with_the_imports_and_the_jobs_they_had(user: User, staff: User):
    job = Job.objects.create(owner=user, task="imports.load", run_at=timezone.now())
    Import.objects.create(owner=user, mode="create", job=job)

    user.delete()

    assert not Import.objects.exists()
    assert not Job.objects.exists()
