from io import BytesIO

import pytest
from PIL import Image

from streaming.core.narrowing import narrowed


def jpeg_of(width: int, height: int) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), (10, 120, 200)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "width_px", "expected"),
    [
        (1920, 1080, 480, (480, 270)),
        (1921, 1081, 333, (333, 187)),
        (4000, 10, 16, (16, 1)),
        (100, 3000, 50, (50, 1500)),
    ],
)
def test_a_picture_keeps_its_shape_and_colours(
    width: int, height: int, width_px: int, expected: tuple[int, int]
):
    smaller = Image.open(BytesIO(narrowed(jpeg_of(width, height), width_px=width_px)))

    assert smaller.size == expected
    assert all(
        abs(a - b) <= 4 for a, b in zip(smaller.getpixel((0, 0)), (10, 120, 200), strict=True)
    )


def test_one_that_is_narrow_already_stays_as_it_is():
    jpeg = jpeg_of(320, 200)

    assert narrowed(jpeg, width_px=320) is jpeg
