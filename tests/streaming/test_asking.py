import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import connections
from django.db.backends.signals import connection_created

from streaming.asking import Desk
from streaming.models import Screen

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20.0


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The names of the threads that open a connection to the database."""
    names: list[str] = []

    def note(**_facts: object) -> None:
        names.append(threading.current_thread().name)

    connection_created.connect(note, weak=False)
    yield names
    connection_created.disconnect(note)


async def test_who_come_together_are_answered_over_one_connection(opened: list[str]):
    desk, may_go = Desk("together"), threading.Event()
    first = asyncio.create_task(desk.ask(lambda: may_go.wait(PATIENCE_S)))
    others = [asyncio.create_task(desk.ask(Screen.objects.count)) for _ in range(20)]
    await asyncio.sleep(0)
    assert desk.waiting == 21

    may_go.set()
    answers = await asyncio.gather(first, *others)

    assert answers == [True, *[0] * 20]
    assert len([name for name in opened if name.startswith("together")]) == 1
    assert await desk.ask(lambda: connections["default"].connection is None)  # and it is not kept


async def test_a_question_is_answered_though_nobody_waits_for_it_any_more():
    desk, may_go, answered = Desk("left"), threading.Event(), threading.Event()
    first = asyncio.create_task(desk.ask(lambda: may_go.wait(PATIENCE_S)))
    asker = asyncio.create_task(desk.ask(answered.set))
    await asyncio.sleep(0)
    assert desk.waiting == 2

    asker.cancel()
    await asyncio.wait({asker})
    may_go.set()
    await first

    assert asker.cancelled()
    assert await asyncio.to_thread(answered.wait, PATIENCE_S)


async def test_a_question_that_fails_fails_for_its_asker_alone():
    desk = Desk("fails")

    with pytest.raises(ZeroDivisionError):
        await desk.ask(lambda: 1 // 0)

    assert await desk.ask(lambda: 1) == 1
    assert desk.waiting == 0
