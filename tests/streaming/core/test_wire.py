import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.core import wire
from streaming.core.errors import BadMessage
from streaming.core.wire import Kind

GOOD = {"codec": "h264", "width": 1920, "height": 1080, "fps": 30}
sides = st.integers(1, 0xFFFF)
tiles = st.tuples(
    st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), sides, sides, st.binary(min_size=1)
)


def test_a_message_has_the_bytes_that_the_format_names():
    message = wire.pack(
        Kind.H264, b"\x00\x00\x01", is_key=True, sequence=0x01020304, captured_at_us=5
    )

    assert message.hex() == "0201000001020304" + "0000000000000005" + "000001"


def test_tiles_have_the_bytes_that_the_format_names():
    payload = wire.pack_tiles([wire.pack_tile(1, 2, 3, 4, b"\xff")])

    assert payload.hex() == "0001" + "0001" + "0002" + "0003" + "0004" + "00000001" + "ff"


@given(
    kind=st.sampled_from(Kind),
    payload=st.binary(),
    is_key=st.booleans(),
    sequence=st.integers(0, wire.SEQUENCES - 1),
    captured_at_us=st.integers(0, 2**64 - 1),
)
def test_what_is_packed_is_unpacked_the_same(kind, payload, is_key, sequence, captured_at_us):
    packed = wire.pack(
        kind, payload, is_key=is_key, sequence=sequence, captured_at_us=captured_at_us
    )

    assert wire.unpack(packed) == wire.Message(
        kind, is_key, sequence, captured_at_us, memoryview(payload)
    )


def test_a_sequence_begins_again_after_32_bits():
    packed = wire.pack(Kind.JPEG, b"", is_key=True, sequence=wire.SEQUENCES + 7, captured_at_us=0)

    assert wire.unpack(packed).sequence == 7


@given(st.lists(tiles, max_size=20))
def test_tiles_that_are_packed_are_unpacked_the_same(entries):
    payload = wire.pack_tiles(wire.pack_tile(*entry) for entry in entries)

    got = [
        (tile.x, tile.y, tile.width, tile.height, bytes(tile.jpeg))
        for tile in wire.unpack_tiles(payload)
    ]
    assert got == entries


@given(st.binary(max_size=100))
def test_bytes_of_any_kind_are_unpacked_or_refused(message):
    for unpack in (wire.unpack, wire.unpack_tiles, wire.read_published_config):
        try:
            unpack(message)
        except BadMessage as error:
            assert str(error)


@given(st.lists(tiles, min_size=1, max_size=3), st.data())
def test_tiles_that_are_cut_short_or_go_on_are_refused(entries, data):
    payload = wire.pack_tiles(wire.pack_tile(*entry) for entry in entries)
    cut = data.draw(st.integers(0, len(payload) - 1))

    for bad in (payload[:cut], payload + b"\x00"):
        with pytest.raises(BadMessage):
            wire.unpack_tiles(bad)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"", "16 bytes or more"),
        (b"\x02" * 15, "16 bytes or more"),
        (bytes(16), "kind 0"),
        (b"\x05" + bytes(15), "kind 5"),
        (b"\x02\x02" + bytes(14), "must be 0"),
        (b"\x02\x00\x00\x01" + bytes(12), "must be 0"),
    ],
)
def test_a_bad_head_is_refused_with_what_is_wrong(message, says):
    with pytest.raises(BadMessage, match=says):
        wire.unpack(message)


def test_a_tile_without_width_is_refused():
    with pytest.raises(BadMessage, match="tile 0"):
        wire.unpack_tiles(wire.pack_tiles([wire.pack_tile(0, 0, 0, 5, b"x")]))


def test_a_config_is_packed_as_json():
    message = wire.unpack(wire.pack_config({**GOOD, "name": "küche"}, sequence=9))

    assert (message.kind, message.sequence) == (Kind.CONFIG, 9)
    assert wire.read_config(message.payload) == {**GOOD, "name": "küche"}


@pytest.mark.parametrize("codec", ["h264", "jpeg"])
def test_a_publisher_says_what_it_sends_as_bytes_or_as_text(codec):
    text = json.dumps({**GOOD, "codec": codec, "title": "Küche", "more": [1]})

    for payload in (text, text.encode(), memoryview(text.encode())):
        config = wire.read_published_config(payload)
        assert config == wire.PublishedConfig(codec, 1920, 1080, 30.0, "Küche")
        assert config.kind is wire.PUBLISHED[codec]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"codec": "tiles"}, "codec must be one of h264, jpeg"),
        ({"codec": None}, "codec"),
        ({"codec": ["h264"]}, "codec"),
        ({"width": 0}, "width must be a whole number from 1 to 7680"),
        ({"width": 7681}, "width"),
        ({"width": 1920.0}, "width"),
        ({"width": True}, "width"),
        ({"width": "1920"}, "width"),
        ({"height": 4321}, "height"),
        ({"height": -1}, "height"),
        ({"height": 10**400}, "height"),
        ({"fps": 0}, "fps"),
        ({"fps": 241}, "fps"),
        ({"fps": True}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"fps": "x" * 1000}, "fps"),
        ({"title": 5}, "title"),
        ({"title": "x" * 201}, "title"),
    ],
)
def test_a_bad_config_is_refused_with_what_is_wrong(change, says):
    with pytest.raises(BadMessage, match=says) as refused:
        wire.read_published_config(json.dumps({**GOOD, **change}))

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("missing", GOOD)
def test_a_config_without_a_member_is_refused(missing):
    with pytest.raises(BadMessage, match=missing):
        wire.read_published_config(json.dumps({k: v for k, v in GOOD.items() if k != missing}))


@pytest.mark.parametrize(
    "payload", ["", "nonsense", "[]", "5", "[" * 4000, b"\xff", "1" * 5000, '{"a":' + "9" * 4000]
)
def test_what_is_no_json_object_is_refused(payload):
    with pytest.raises(BadMessage):
        wire.read_config(payload)
