"""What the open examples keep, and what they leave alone."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from apiapp.examples import services
from apiapp.examples.models import LARGEST_ID, ExampleUser, Item, Post, Resource

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


def test_open_users_are_listed_by_number_and_those_of_an_owner_are_not(
    alice_and_bob: list[ExampleUser], user: User
) -> None:
    ExampleUser.objects.create(name="hers", age=1, owner=user)

    assert services.open_users() == alice_and_bob


def test_the_name_of_an_open_user_is_told_and_no_other(
    alice_and_bob: list[ExampleUser], user: User
) -> None:
    hers = ExampleUser.objects.create(name="hers", age=1, owner=user)

    assert services.name_of_user(user_id="1") == "Alice"
    assert services.name_of_user(user_id=str(hers.pk)) is None
    assert services.name_of_user(user_id="0") is None
    assert services.name_of_user(user_id=str(LARGEST_ID + 1)) is None
    assert services.name_of_user(user_id="9" * 5000) is None


def test_a_post_is_stored_each_time_and_all_open_ones_go_at_once(user: User) -> None:
    hers = Post.objects.create(title="hers", owner=user)
    services.store_post(title="a", content="b")
    services.store_post(title="a", content="b")

    assert Post.objects.filter(owner=None, title="a", content="b").count() == 2
    services.delete_posts()

    assert list(Post.objects.all()) == [hers]


def test_an_item_is_created_then_replaced() -> None:
    services.store_item(item_id="456", name="a", description="b")
    first = Item.objects.get()
    services.store_item(item_id="456", name="c", description="")

    (item,) = Item.objects.all()
    assert (item.pk, item.name, item.description) == (456, "c", "")
    assert item.created_at == first.created_at
    assert item.updated_at > first.updated_at


def test_what_has_an_owner_is_not_replaced_nor_deleted(user: User) -> None:
    Item.objects.create(pk=456, name="hers", owner=user)
    Resource.objects.create(pk="abc", data={"key": "hers"}, owner=user)

    services.store_item(item_id="456", name="a", description="b")
    services.store_resource(resource_id="abc", data={"key": "v"})
    services.delete_resource(resource_id="abc")

    assert Item.objects.get().name == "hers"
    assert Resource.objects.get().data == {"key": "hers"}


def test_a_resource_is_stored_replaced_and_deleted() -> None:
    services.store_resource(resource_id="资源", data={"key": "v"})
    services.store_resource(resource_id="资源", data={"field": "w"})

    assert Resource.objects.get(pk="资源").data == {"field": "w"}
    services.delete_resource(resource_id="资源")
    services.delete_resource(resource_id="资源")

    assert not Resource.objects.exists()


@pytest.mark.parametrize("item_id", ["0", str(LARGEST_ID)])
def test_every_number_that_a_row_can_have_is_stored(item_id: str) -> None:
    services.store_item(item_id=item_id, name="a", description="b")

    assert Item.objects.get().pk == int(item_id)


def test_what_a_row_cannot_hold_is_not_stored() -> None:
    too_long = "a" * (services.KEPT_CHARS + 1)
    services.store_post(title=too_long, content="")
    services.store_item(item_id="1", name="", description=too_long)
    services.store_item(item_id=str(LARGEST_ID + 1), name="a", description="b")
    services.store_item(item_id="1" * 5000, name="a", description="b")
    services.store_resource(resource_id="a" * 201, data={"key": "v"})
    services.store_resource(resource_id="a\0b", data={"key": "v"})
    services.delete_resource(resource_id="a\0b")

    assert not any(model.objects.exists() for model in (Post, Item, Resource))


def test_only_the_newest_open_rows_are_kept(monkeypatch: pytest.MonkeyPatch, user: User) -> None:
    monkeypatch.setattr(services, "KEPT_ROWS", 3)
    hers = Post.objects.create(title="hers", owner=user)
    for number in range(5):
        services.store_post(title=str(number), content="")
        services.store_item(item_id=str(number), name="", description="")

    titles = Post.objects.filter(owner=None).order_by("pk").values_list("title", flat=True)
    assert list(titles) == ["2", "3", "4"]
    assert list(Item.objects.order_by("pk").values_list("pk", flat=True)) == [2, 3, 4]
    assert Post.objects.filter(pk=hers.pk).exists()
