import numpy as np
import pytest

from streaming.core.sources.areas import Region
from streaming.core.sources.stillness import LOOK_ANYWAY_NS, Seen, Stillness
from streaming.core.sources.x11 import Pointer

WHOLE = Region(0, 0, 64, 64)


def picture(brightness: int) -> np.ndarray:
    return np.full((64, 64, 4), brightness, np.uint8)


def pointer(left: int) -> Pointer:
    return Pointer(left=left, top=0, pixels=np.zeros((2, 2, 4), np.uint8))


class Server:
    """An X server that tells of its drawing, or does not."""

    def __init__(self) -> None:
        self.has_drawn = True

    def has_damage(self) -> bool:
        told, self.has_drawn = self.has_drawn, False
        return told


def take(stillness: Stillness, brightness: int, *, at_ns: int, seen: Seen = (WHOLE, None)) -> bool:
    """Whether a picture was taken; one of this brightness."""
    if stillness.last_if_still(seen, at_ns) is not None:
        return False
    stillness.keep(seen, picture(brightness), at_ns)
    return True


def test_a_picture_is_taken_when_something_was_drawn_and_now_and_then():
    server = Server()
    stillness = Stillness(server.has_damage)

    taken = [take(stillness, 1, at_ns=at) for at in (0, 1, LOOK_ANYWAY_NS, LOOK_ANYWAY_NS + 1)]
    server.has_drawn = True
    taken.append(take(stillness, 2, at_ns=LOOK_ANYWAY_NS + 2))

    assert taken == [True, False, True, False, True]
    assert not stillness.is_blind


def test_a_picture_that_turns_out_the_same_is_the_one_of_before():
    stillness = Stillness(Server().has_damage)
    stillness.last_if_still((WHOLE, None), 0)
    first = stillness.keep((WHOLE, None), picture(1), 0)
    stillness.last_if_still((WHOLE, None), LOOK_ANYWAY_NS)

    assert stillness.keep((WHOLE, None), picture(1), LOOK_ANYWAY_NS) is first


@pytest.mark.parametrize(
    "other", [(Region(1, 0, 64, 64), pointer(3)), (WHOLE, pointer(4)), (WHOLE, None)]
)
def test_another_part_or_pointer_is_another_picture(other: Seen):
    stillness = Stillness(Server().has_damage)
    assert take(stillness, 1, at_ns=0, seen=(WHOLE, pointer(3)))
    assert not take(stillness, 1, at_ns=1, seen=(WHOLE, pointer(3)))

    assert take(stillness, 1, at_ns=2, seen=other)


def test_a_server_that_tells_nothing_is_found_out_and_not_asked_any_more():
    stillness = Stillness(Server().has_damage)
    take(stillness, 1, at_ns=0)

    take(stillness, 2, at_ns=LOOK_ANYWAY_NS)

    assert [take(stillness, 2, at_ns=LOOK_ANYWAY_NS + at) for at in (1, 2, 3)] == [True] * 3
    assert stillness.is_blind


def test_a_server_that_tells_a_moment_later_is_believed_further():
    server = Server()
    stillness = Stillness(server.has_damage)
    take(stillness, 1, at_ns=0)
    take(stillness, 2, at_ns=LOOK_ANYWAY_NS)
    server.has_drawn = True

    assert take(stillness, 2, at_ns=LOOK_ANYWAY_NS + 1)

    assert not take(stillness, 2, at_ns=LOOK_ANYWAY_NS + 2)
    assert not stillness.is_blind
