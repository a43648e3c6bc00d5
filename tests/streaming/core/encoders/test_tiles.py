import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.core.encoders.base import EncodedFrame
from streaming.core.encoders.tile_cache import TileCache
from streaming.core.encoders.tiles import REFINED_PLACES, TilesEncoder, blocks
from tests.streaming.core.encoders.shown import Screen
from tests.streaming.core.pictures import difference, drawn, framed

WIDTH, HEIGHT = 700, 330  # 11 x 6 places, those at two edges smaller


@pytest.fixture
def encoder():
    return TilesEncoder(width=WIDTH, height=HEIGHT, fps=30)


def typed(frame_number: int) -> np.ndarray:
    """A picture in which each number changes another place, or a few."""
    pixels = drawn(WIDTH, HEIGHT).pixels.copy()
    random = np.random.default_rng(frame_number)
    for _ in range(frame_number % 4):
        x, y = random.integers(0, WIDTH - 40), random.integers(0, HEIGHT - 20)
        pixels[y : y + 20, x : x + 40] = random.integers(0, 256, 4)
    return pixels


def encoded(encoder: TilesEncoder, pixels: np.ndarray, sequence: int, *, wants_key: bool = False):
    return encoder.encode(framed(pixels, sequence=sequence), wants_key=wants_key)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 17), st.floats(0, 1), st.integers(0, 1000))
def test_blocks_cover_what_changed_once_and_nothing_else(columns, rows, share, seed):
    places = np.random.default_rng(seed).random((rows, columns)) < share
    covered = np.zeros(places.shape, int)

    for block in blocks(places):
        covered[
            block.row : block.row + block.rows, block.column : block.column + block.columns
        ] += 1

    assert (covered == places).all()


def test_a_moving_full_hd_picture_is_a_few_tiles():
    assert len(list(blocks(np.ones((17, 30), bool)))) == 20


def test_only_what_changed_is_sent(encoder):
    before = drawn(WIDTH, HEIGHT).pixels
    after = before.copy()
    after[70, 130] = 255
    encoded(encoder, before, 0)

    frame = encoded(encoder, after, 1)

    assert [(tile.x, tile.y, tile.width, tile.height) for tile in frame.tiles] == [
        (128, 64, 64, 64)
    ]
    assert not frame.is_key


def test_tiles_at_the_edges_end_with_the_picture(encoder):
    before = drawn(WIDTH, HEIGHT).pixels
    after = before.copy()
    after[-1, -1] = 255
    encoded(encoder, before, 0)

    (tile,) = encoded(encoder, after, 1).tiles

    assert (tile.x, tile.y, tile.width, tile.height) == (640, 320, WIDTH - 640, HEIGHT - 320)


def test_motion_is_refined_a_few_places_at_a_time():
    width, height = 64 * 20, 64 * 10
    encoder = TilesEncoder(width=width, height=height, fps=30)
    first = encoded(encoder, drawn(width, height).pixels, 0)

    places = []
    for sequence in range(1, 10):
        if not encoder.is_refining:
            break
        frame = encoded(encoder, drawn(width, height).pixels, sequence)
        places.append(sum(tile.width * tile.height for tile in frame.tiles) / 64**2)

    assert first.is_key
    assert places == [REFINED_PLACES] * 3 + [200 - 3 * REFINED_PLACES]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 11), min_size=2, max_size=15), st.data())
def test_a_viewer_that_missed_frames_catches_up_from_what_was_encoded(numbers, data):
    encoder, cache = TilesEncoder(width=WIDTH, height=HEIGHT, fps=30), TileCache()
    steady, late = Screen(), Screen()
    marks = 0
    missed_from = data.draw(st.integers(0, len(numbers) - 1))

    for sequence, number in enumerate(numbers):
        frame = encoded(encoder, typed(number), sequence)
        if frame is None:
            continue
        cache.add(frame)
        steady.show(frame)
        if sequence <= missed_from:
            late.show(frame)
            marks = cache.mark
    late.show(cache.since(marks))

    assert (late.pixels == steady.pixels).all()
    assert cache.since(cache.mark) is None


def test_a_viewer_that_comes_late_gets_the_whole_picture(encoder):
    cache, steady, last = TileCache(), Screen(), 0
    for sequence, number in enumerate((3, 1, 2, 3, 7)):
        frame = encoded(encoder, typed(number), sequence)
        last = sequence
        if frame:
            cache.add(frame)
            steady.show(frame)

    whole = cache.since(0)

    assert whole.is_key
    assert whole.sequence == last
    assert (Screen().show(whole) == steady.pixels).all()


def test_the_cache_keeps_no_more_than_the_newest_of_each_place(encoder):
    cache = TileCache()
    for sequence in range(40):
        frame = encoded(encoder, typed(sequence), sequence)
        if frame:
            cache.add(frame)

    assert len(cache.since(0).tiles) <= 11 * 6


def test_a_key_frame_makes_the_cache_forget_another_size(encoder):
    cache = TileCache()
    cache.add(encoded(encoder, typed(1), 0))
    cache.add(encoded(TilesEncoder(width=64, height=64, fps=30), drawn(64, 64).pixels, 1))

    assert len(cache.since(0).tiles) == 1


def test_nothing_is_known_before_the_first_frame():
    assert TileCache().since(0) is None


def test_quality_changes_what_is_sent_from_then_on(encoder):
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    best = encoded(encoder, noise, 0)
    encoder.adjust(quality_ratio=0.2, fps=30)

    worse: EncodedFrame = encoded(encoder, noise, 1, wants_key=True)

    assert len(worse.message) < len(best.message) / 1.5
    assert difference(Screen().show(worse), noise) < 80
