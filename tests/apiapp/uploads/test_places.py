from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apiapp.uploads.errors import TooManyBodies
from apiapp.uploads.places import KEY, Places, take_place

ALICE, BOB = 1, 2


async def nothing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    take_place(scope, ALICE)
    take_place(scope, ALICE)


async def test_a_request_takes_one_place_and_gives_it_back():
    places = Places(most=1)
    app = places.around(nothing)

    for _ in range(3):
        await app({}, None, None)

    places.enter(ALICE)
    with pytest.raises(TooManyBodies):
        await app({}, None, None)
    places.leave(ALICE)
    await app({}, None, None)


def test_one_caller_does_not_take_the_places_of_another():
    places = Places(most=2)
    places.enter(ALICE)
    places.enter(ALICE)

    places.enter(BOB)
    with pytest.raises(TooManyBodies, match="2 bodies at the same time"):
        places.enter(ALICE)


async def test_who_becomes_known_after_the_client_left_takes_no_place():
    places, scopes = Places(most=1), []

    async def leaves(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    await places.around(leaves)({}, None, None)
    take_place(scopes[0], ALICE)

    places.enter(ALICE)
    assert KEY in scopes[0]


def test_of_many_at_once_no_more_get_in_than_there_are_places():
    places = Places(most=5)

    def got_in(_: int) -> bool:
        try:
            places.enter(ALICE)
        except TooManyBodies:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(got_in, range(200))) == 5
