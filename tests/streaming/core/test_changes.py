import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.core.changes import TILE_PX, changed_tiles, grid_of, is_changed

SIZES = [(1, 1), (1, 64), (63, 65), (64, 64), (130, 67), (512, 64), (1000, 129), (1920, 1080)]


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width * height).integers(0, 256, (height, width, 4), np.uint8)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_picture_is_like_its_copy(width, height):
    before = picture(width, height)

    assert not is_changed(before, before)
    assert not is_changed(before, before.copy())
    assert not changed_tiles(before, before.copy()).any()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_all_tiles_of_an_inverted_picture_have_changed(width, height):
    before = picture(width, height)

    assert is_changed(before, ~before)
    assert changed_tiles(before, ~before).shape == grid_of(width=width, height=height)
    assert changed_tiles(before, ~before).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_the_tiles_of_changed_pixels_have_changed_and_no_other(width, height, data):
    before = picture(width, height)
    after = before.copy()
    places = data.draw(
        st.lists(
            st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)),
            max_size=5,
            unique=True,
        )
    )
    expected = np.zeros(grid_of(width=width, height=height), bool)
    for x, y in places:
        after[y, x, data.draw(st.integers(0, 3))] ^= 0x10
        expected[y // TILE_PX, x // TILE_PX] = True

    assert (changed_tiles(before, after) == expected).all()
    assert is_changed(before, after) == bool(places)


@pytest.mark.parametrize("size", [(64, 65), (65, 64), (128, 32)])
def test_another_size_is_a_change(size):
    assert is_changed(picture(64, 64), picture(*size))
