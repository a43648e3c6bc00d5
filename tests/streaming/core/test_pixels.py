import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings

from streaming.core import pixels
from streaming.core.pixels import Pixels


def picture(height: int, width: int) -> Pixels:
    """Smooth colours and some noise, as in screens and photographs."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (x + y) % 256, x * 0]
    noise = np.random.default_rng(1).integers(0, 20, (height, width, 4))
    return np.clip(np.dstack(planes) + noise, 0, 255).astype(np.uint8)


def test_without_opencv_the_colours_are_the_same():
    shown = picture(64, 96)

    with_opencv, without = pixels.i420_of(shown), pixels.i420_without_opencv(shown)

    assert without.shape == with_opencv.shape
    # OpenCV takes the colour of one of four pixels, we their mean.
    difference = np.abs(with_opencv.astype(int) - without)
    assert difference[:64].max() <= 2
    assert difference.mean() < 3


@pytest.mark.parametrize(("height", "width"), [(64, 96), (33, 51), (1, 7), (2, 1)])
def test_without_opencv_half_the_size_is_the_same(height: int, width: int):
    shown = picture(height, width)

    with_opencv, without = pixels.halved(shown), pixels.halved_without_opencv(shown)

    assert without.shape == with_opencv.shape == (max(height // 2, 1), max(width // 2, 1), 4)
    assert np.abs(with_opencv.astype(int) - without).max() <= 12


WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = None  # as if one of its libraries were not there
import django
django.setup()
import myproject.asgi
from streaming.core.encoders.opening import open_encoder
from streaming.core.errors import SourceUnavailable
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.opening import open_source

frame = open_source("pattern:640x360", Desktop("linux")).grab()
for tier in ("full", "light"):
    for codec in ("h264", "tiles", "jpeg"):
        encoder = open_encoder(codec, tier=tier, width=640, height=360, fps=30)
        assert encoder.encode(frame, wants_key=True).is_key
try:
    open_source(sys.argv[1], Desktop("linux"))
except SourceUnavailable as error:
    print(error)
"""


def test_a_server_without_opencvs_libraries_shows_all_but_videos():
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENCV, __file__],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stderr
    assert "libgl1" in ran.stdout
