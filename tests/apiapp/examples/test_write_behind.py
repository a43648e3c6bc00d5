"""What is told to the examples is in the database a moment later, and before anybody reads it."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections, transaction
from rest_framework.test import APIClient

from apiapp.examples import services
from apiapp.examples.models import Item, Post, Resource
from apiapp.examples.services import OpenRows, open_rows
from apiapp.examples.write_behind import WriteBehind

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_comes_after_the_test() -> Iterator[None]:
    yield
    open_rows.settle()


def test_what_many_threads_told_is_all_there_once_it_is_settled():
    def tell(number: int) -> None:
        services.store_post(title=str(number), content="")
        services.store_item(item_id=str(number), name="n", description="d")
        connections.close_all()

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    open_rows.settle()

    assert set(Post.objects.values_list("title", flat=True)) == {str(n) for n in range(40)}
    assert Item.objects.count() == 40


def test_changes_are_as_one_after_the_other():
    services.store_post(title="gone", content="")
    services.delete_posts()
    services.store_post(title="kept", content="")
    services.store_resource(resource_id="a", data={"key": "1"})
    services.store_resource(resource_id="a", data={"key": "2"})
    services.store_resource(resource_id="b", data={"key": "1"})
    services.delete_resource(resource_id="b")
    open_rows.settle()

    assert [post.title for post in Post.objects.all()] == ["kept"]
    assert list(Resource.objects.values_list("pk", "data")) == [("a", {"key": "2"})]


def test_who_reads_right_after_sees_what_was_told(api: Callable[[User], APIClient], user: User):
    client = api(user)
    for number in range(5):
        client.post("/post_example", {"title": f"title {number}"})

        titles = [row["title"] for row in client.get("/api/v1/posts/").json()["results"]]

        assert titles[0] == f"title {number}"


def test_within_a_transaction_it_is_a_part_of_that():
    with transaction.atomic():
        services.store_post(title="a", content="")
        assert Post.objects.count() == 1
        transaction.set_rollback(True)

    assert not Post.objects.exists()


def test_no_more_is_held_than_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services, "KEPT_ROWS", 3)
    changes = OpenRows()
    for number in range(10):
        changes.posts.append((str(number), ""))
        changes.put(Item, number, {"name": "a"})

    changes.write()

    assert [post.title for post in Post.objects.order_by("pk")] == ["7", "8", "9"]
    assert sorted(Item.objects.values_list("pk", flat=True)) == [7, 8, 9]


class Failing:
    """Changes that the database refuses the first time."""

    failures = 1

    def __init__(self) -> None:
        self.titles: list[str] = []

    def write(self) -> None:
        if Failing.failures:
            Failing.failures -= 1
            raise DatabaseError("disk full")
        Post.objects.bulk_create(Post(title=title) for title in self.titles)


def test_what_cannot_be_written_is_told_in_the_log_and_the_next_is_written(
    caplog: pytest.LogCaptureFixture,
):
    behind = WriteBehind(Failing)

    behind.do(lambda changes: changes.titles.append("lost"))
    behind.settle()
    behind.do(lambda changes: changes.titles.append("kept"))
    behind.settle()

    assert "is lost" in caplog.text
    assert [post.title for post in Post.objects.all()] == ["kept"]
