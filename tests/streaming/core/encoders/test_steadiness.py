from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.core.encoders.steadiness import COARSEST, FINEST, Steadiness

FPS = 30
PICTURE_BYTES = 12_500  # what each may take at this rate
BITS_S = PICTURE_BYTES * FPS * 8


def after(sizes: Iterable[int], *, quantiser: float | None = 30, begun: Steadiness | None = None):
    steadiness = begun or Steadiness(BITS_S, FPS)
    for size in sizes:
        steadiness.note(size, quantiser=quantiser, is_still=False)
    return steadiness


def test_motion_that_lasts_gets_one_quantiser_a_little_coarser_than_it_had():
    assert after([PICTURE_BYTES] * 59).quantiser is None
    assert after([PICTURE_BYTES] * 60).quantiser == 33


@pytest.mark.parametrize(("had", "gets"), [(10, FINEST), (50, COARSEST)])
def test_the_quantiser_stays_in_what_can_be_looked_at(had: float, gets: int):
    assert after([PICTURE_BYTES] * 60, quantiser=had).quantiser == gets


@pytest.mark.parametrize(
    ("size", "quantiser"), [(PICTURE_BYTES // 3, 30), (PICTURE_BYTES, None), (100, 22)]
)
def test_small_changes_and_unknown_quantisers_are_left_to_the_encoder(
    size: int, quantiser: float | None
):
    assert after([size] * 300, quantiser=quantiser).quantiser is None


def test_a_pause_begins_the_wait_anew():
    steadiness = after([PICTURE_BYTES] * 59)
    steadiness.note(100, quantiser=22, is_still=True)

    assert after([PICTURE_BYTES] * 59, begun=steadiness).quantiser is None


def test_a_screen_that_stands_still_is_left_to_the_encoder_at_once():
    steadiness = after([PICTURE_BYTES] * 60)
    for _ in range(3):
        steadiness.note(30, quantiser=33, is_still=True)

    assert steadiness.quantiser is None


def test_pictures_that_became_small_deserve_a_finer_quantiser():
    steadiness = after([PICTURE_BYTES] * 60)

    assert after([PICTURE_BYTES // 8] * 31, begun=steadiness).quantiser is None


def test_what_does_not_fit_is_given_up_and_tried_again_later_each_time():
    steadiness, waits = Steadiness(BITS_S, FPS), []
    for _ in range(3):
        waits.append(0)
        while steadiness.quantiser is None:
            after([PICTURE_BYTES], begun=steadiness)
            waits[-1] += 1
        while steadiness.quantiser is not None:
            after([PICTURE_BYTES * 4], begun=steadiness)

    assert waits == [60, 120, 240]


def test_a_key_frame_of_most_of_a_second_fits():
    steadiness = after([PICTURE_BYTES] * 60)

    assert after([PICTURE_BYTES * 25, 6000], begun=steadiness).quantiser == 33


@given(
    sizes=st.lists(
        st.tuples(st.integers(0, 400_000), st.floats(10, 51), st.booleans()), max_size=300
    )
)
def test_never_more_than_a_second_above_the_rate(sizes: list[tuple[int, float, bool]]):
    steadiness, owed = Steadiness(BITS_S, FPS), 0.0
    for size, quantiser, is_still in sizes:
        was = steadiness.quantiser
        steadiness.note(size, quantiser=quantiser, is_still=is_still)
        owed = max(0.0, owed + size - PICTURE_BYTES) if was is not None else 0.0
        if steadiness.quantiser is not None:
            assert owed <= BITS_S / 8
