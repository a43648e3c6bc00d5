from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp.examples.models import ExampleUser, Item, Post, Resource

LONG = "word " * 100


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def rows(user: User) -> list[Any]:
    return [
        ExampleUser.objects.create(name="Zoe", age=7, owner=user),
        Post.objects.create(title=LONG, content="Zoe"),
        Item.objects.create(pk=77, name="Zoe", description="", owner=user),
        Resource.objects.create(pk="Zoe/资源", data={"key": "value"}),
    ]


def test_every_kind_is_listed_searched_filtered_and_opened(admin: Client, rows: list[Any]) -> None:
    for row in rows:
        page = f"/admin/examples/{row._meta.model_name}/"
        for query in ("", "?q=Zoe", "?owner__isnull=1", "?q=nothing-like-it"):
            assert admin.get(page + query).status_code == 200, (page, query)
        assert "Zoe" in admin.get(page + "?q=Zoe").content.decode()
        assert LONG not in admin.get(page).content.decode()
        found = admin.get(f"{page}?q=Zoe").context["cl"].queryset
        assert list(found) == [row]
        quoted = str(row.pk).replace("/", "_2F")
        assert admin.get(f"{page}{quoted}/change/").status_code == 200
        assert admin.get(f"{page}{quoted}/history/").status_code == 200
        assert admin.get(f"{page}{quoted}/delete/").status_code == 200


def test_a_row_is_added_without_an_owner_and_changed_but_for_its_id(admin: Client) -> None:
    body = {"id": "12", "name": "n", "description": "d", "owner": ""}
    added = admin.post("/admin/examples/item/add/", body)
    changed = admin.post("/admin/examples/item/12/change/", {**body, "id": "13", "name": "m"})

    assert (added.status_code, changed.status_code) == (302, 302)
    assert list(Item.objects.values_list("pk", "name", "owner")) == [(12, "m", None)]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Users (example)", "Posts", "Items"]), ("zh-hans", ["用户（示例）", "帖子", "物品"])],
)
def test_the_navigation_leads_to_them_in_both_languages(
    admin: Client, language: str, words: list[str]
) -> None:
    page = admin.get("/admin/", headers={"Accept-Language": language}).content.decode()

    for name in ("exampleuser", "post", "item", "resource"):
        assert f"/admin/examples/{name}/" in page
    for word in words:
        assert word in page
