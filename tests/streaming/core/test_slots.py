"""What waits for a viewer, codec by codec, and what is lost when it is slow."""

from struct import unpack_from

from hypothesis import given
from hypothesis import strategies as st

from streaming.core.encoders.base import EncodedFrame, Tile
from streaming.core.slots import (
    H264_QUEUE_BYTES,
    H264_QUEUE_FRAMES,
    KeySlot,
    NewestMemory,
    TileMemory,
    TileSlot,
)
from streaming.core.wire import Kind
from tests.streaming.core.encoded import encoded_frame, h264, tile, tiles


def offer_all(memory: TileMemory, slots: list[TileSlot], *frames: EncodedFrame) -> None:
    for frame in frames:
        memory.keep(frame)
        for slot in slots:
            slot.offer(frame)


def parts(frame: EncodedFrame | None) -> list[tuple[int, int, bytes]]:
    """The tiles of a message, read back from its bytes."""
    assert frame is not None
    (count,) = unpack_from(">H", frame.message, frame.payload_start)
    found, at = [], frame.payload_start + 2
    for _ in range(count):
        x, y, _, _, length = unpack_from(">HHHHI", frame.message, at)
        found.append((x, y, frame.message[at + 12 : at + 12 + length]))
        at += 12 + length
    assert at == len(frame.message)
    return found


def test_of_whole_pictures_the_newest_wins():
    slot = NewestMemory().slot()

    for sequence in range(5):
        slot.offer(encoded_frame(sequence))

    taken = slot.take()
    assert taken
    assert taken.sequence == 4
    assert slot.take() is None
    assert slot.dropped == 4


def test_who_joins_whole_pictures_has_the_newest_at_once():
    memory = NewestMemory()
    memory.keep(encoded_frame(7))

    slot = memory.slot()

    assert not slot.wants_key
    assert slot.take() == encoded_frame(7)


def test_h264_begins_with_a_key_frame_and_what_came_before_is_not_counted_as_lost():
    slot = KeySlot()
    slot.offer(h264(0))
    assert slot.take() is None
    assert slot.wants_key

    slot.offer(h264(1, is_key=True))
    slot.offer(h264(2))

    assert [slot.take(), slot.take(), slot.take()] == [h264(1, is_key=True), h264(2), None]
    assert slot.dropped == 0


def test_h264_that_is_not_taken_goes_on_at_the_next_key_frame():
    slot = KeySlot()
    slot.offer(h264(0, is_key=True))
    for sequence in range(1, 20):
        slot.offer(h264(sequence))

    assert slot.wants_key
    assert slot.take() is None
    assert slot.dropped == 20

    slot.offer(h264(20, is_key=True))
    assert slot.take() == h264(20, is_key=True)
    assert not slot.wants_key


def test_a_key_frame_makes_what_waits_before_it_superfluous():
    slot = KeySlot()
    slot.offer(h264(0, is_key=True))
    slot.offer(h264(1))
    slot.offer(h264(2, is_key=True))

    assert slot.take() == h264(2, is_key=True)
    assert slot.dropped == 2


@given(st.lists(st.tuples(st.sampled_from(["key", "delta", "take"]), st.integers(0, 3_000_000))))
def test_h264_is_handed_out_without_gaps_but_before_key_frames_and_stays_small(
    steps: list[tuple[str, int]],
):
    slot, taken, waiting = KeySlot(), [], 0
    for sequence, (step, size_bytes) in enumerate(steps):
        if step == "take":
            frame = slot.take()
            taken += [frame] if frame else []
            continue
        made = sum(1 for earlier, _ in steps[:sequence] if earlier != "take")
        slot.offer(h264(made, is_key=step == "key", size_bytes=size_bytes))
        waiting = len(slot._queue)
        assert waiting <= H264_QUEUE_FRAMES
        assert slot._bytes <= H264_QUEUE_BYTES + 3_000_100

    for before, after in zip([None, *taken], taken, strict=False):
        assert after.is_key or (before and after.sequence == before.sequence + 1)


def test_tiles_that_are_taken_in_time_are_the_same_bytes_for_everybody():
    memory = TileMemory()
    first, second = memory.slot(), memory.slot()
    changes = tiles(0, tile(0, 0, b"a"), is_key=True)

    offer_all(memory, [first, second], changes)

    assert first.take() is changes
    assert second.take() is changes


def test_missed_tiles_are_caught_up_from_the_newest_of_each_place():
    memory = TileMemory()
    slot = memory.slot()
    key = tiles(0, tile(0, 0, b"a"), tile(64, 0, b"b"), tile(128, 0, b"c"), is_key=True)
    offer_all(memory, [slot], key)
    slot.take()

    offer_all(
        memory,
        [slot],
        tiles(1, tile(0, 0, b"a1")),
        tiles(2, tile(64, 0, b"b2")),
        tiles(3, tile(0, 0, b"a3")),
    )
    caught_up = slot.take()

    assert sorted(parts(caught_up)) == [(0, 0, b"a3"), (64, 0, b"b2")]
    assert caught_up
    assert (caught_up.sequence, caught_up.is_key, caught_up.kind) == (3, False, Kind.TILES)
    assert slot.take() is None
    assert slot.dropped == 2


def test_who_joins_tiles_has_the_whole_picture_at_once_and_all_who_join_share_its_bytes():
    memory = TileMemory()
    offer_all(memory, [], tiles(0, tile(0, 0, b"a"), tile(64, 0, b"b"), is_key=True))
    offer_all(memory, [], tiles(1, tile(64, 0, b"b1")))

    first, second = memory.slot().take(), memory.slot().take()

    assert first is second
    assert first
    assert first.is_key
    assert parts(first) == [(0, 0, b"a"), (64, 0, b"b1")]


def test_who_joins_tiles_before_any_key_frame_waits_for_one():
    memory = TileMemory()
    slot = memory.slot()

    offer_all(memory, [slot], tiles(0, tile(0, 0, b"a")))

    assert slot.wants_key
    assert slot.take() is None
    offer_all(memory, [slot], tiles(1, tile(0, 0, b"k"), is_key=True))
    assert parts(slot.take()) == [(0, 0, b"k")]


def test_places_below_a_large_tile_that_changed_since_are_painted_after_it():
    memory = TileMemory()
    offer_all(memory, [], tiles(0, tile(0, 0, b"old"), is_key=True))
    offer_all(memory, [], tiles(1, tile(0, 0, b"large", size=512)), tiles(2, tile(0, 0, b"new")))

    assert parts(memory.slot().take()) == [(0, 0, b"large"), (0, 0, b"new")]


PLACES = [(x, y) for x in (0, 64) for y in (0, 64)]


@given(
    st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from(PLACES), min_size=1), st.booleans()))
)
def test_however_slow_a_viewer_of_tiles_is_it_ends_with_the_picture_of_now(
    steps: list[tuple[bool, set[tuple[int, int]], bool]],
):
    memory = TileMemory()
    slot = memory.slot()
    screen: dict[tuple[int, int], bytes] = {}
    shown: dict[tuple[int, int], bytes] = {}
    for sequence, (is_key, places, takes) in enumerate(steps):
        changed: list[Tile] = []
        for x, y in PLACES if is_key else sorted(places):
            screen[x, y] = b"%d" % sequence
            changed.append(tile(x, y, screen[x, y]))
        offer_all(memory, [slot], tiles(sequence, *changed, is_key=is_key))
        if takes:
            paint(shown, slot)
    paint(shown, slot)

    assert slot.wants_key or shown == screen
    assert slot.wants_key == (not any(is_key for is_key, _, _ in steps))


def paint(shown: dict[tuple[int, int], bytes], slot: TileSlot) -> None:
    frame = slot.take()
    if frame is None:
        return
    if frame.is_key:
        shown.clear()
    shown.update({(x, y): content for x, y, content in parts(frame)})
