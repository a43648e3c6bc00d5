import asyncio
import json
from typing import Any

import pytest

from streaming.core.errors import BadMessage
from streaming.texts import MAX_CHARS, Allowance, Teller, number, pong, read


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '"x"', "[" * 4000, "x" * (MAX_CHARS + 1), None]
)
def test_a_text_that_is_no_object_is_refused(text: str | None):
    with pytest.raises(BadMessage):
        read(text)


@pytest.mark.parametrize(
    "value", ["1", True, -1, 101, float("nan"), float("inf"), 1e300, [], {}], ids=repr
)
def test_what_is_no_number_in_its_range_is_refused(value: object):
    with pytest.raises(BadMessage, match="fps must be a number from 0 to 100"):
        number({"fps": value}, "fps", most=100)


@pytest.mark.parametrize(("value", "found"), [(0, 0.0), (100, 100.0), (29.97, 29.97), (None, None)])
def test_a_number_may_be_any_in_its_range_or_left_out(value: object, found: float | None):
    assert number({"fps": value}, "fps", most=100) == found
    assert number({}, "fps", most=100) is None


def test_a_pong_says_what_the_ping_said_and_the_time_here():
    assert pong({"sent_at": 5})["sent_at"] == 5
    assert pong({})["sent_at"] is None
    assert pong({})["server_at"] > 1.7e15


def test_an_allowance_is_used_up_by_many_at_once():
    allowance = Allowance(per_s=0.001, at_once=3)

    assert [allowance.spend() for _ in range(4)] == [True, True, True, False]


def test_who_is_slow_is_told_the_newest_of_each_type():
    sent: list[dict[str, Any]] = []
    is_free = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        sent.append(json.loads(message["text"]))
        await is_free.wait()

    async def scenario() -> None:
        teller = Teller(send)
        telling = asyncio.create_task(teller.run())
        teller.tell("presence", viewers=1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for viewers in (2, 3, 4):
            teller.tell("presence", viewers=viewers)
        teller.tell("slow", dropped=9)
        is_free.set()
        while len(sent) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        telling.cancel()

    asyncio.run(scenario())

    assert sent == [
        {"type": "presence", "viewers": 1},
        {"type": "presence", "viewers": 4},
        {"type": "slow", "dropped": 9},
    ]
