import numpy as np

from streaming.core.sources.areas import Region
from streaming.core.sources.pointer import draw_pointer

SCREEN = Region(100, 200, 20, 10)


def white() -> np.ndarray:
    return np.full((10, 20, 4), 255, np.uint8)


def pointer(blue: int, green: int, red: int, alpha: int) -> np.ndarray:
    return np.full((4, 4, 4), (blue, green, red, alpha), np.uint8)


def test_it_is_drawn_where_it_is() -> None:
    pixels = white()

    draw_pointer(pixels, SCREEN, pointer(1, 2, 3, 255), left=105, top=203)

    assert (pixels[3:7, 5:9, :3] == (1, 2, 3)).all()
    pixels[3:7, 5:9] = 255
    assert (pixels == 255).all()


def test_its_soft_edges_are_neither_dark_nor_bright() -> None:
    """Half transparent white on white is white: its colours are multiplied by alpha already."""
    pixels = white()

    draw_pointer(pixels, SCREEN, pointer(128, 128, 128, 128), left=105, top=203)
    draw_pointer(pixels, SCREEN, pointer(0, 0, 0, 128), left=115, top=203)

    assert (pixels[3:7, 5:9, :3] == 255).all()
    assert (pixels[3:7, 15:19, :3] == 127).all()


def test_it_is_cut_at_the_edges() -> None:
    for left, top in ((98, 198), (118, 198), (98, 208), (118, 208)):
        pixels = white()
        draw_pointer(pixels, SCREEN, pointer(0, 0, 0, 255), left=left, top=top)
        assert (pixels[:, :, 0] == 0).sum() == 4


def test_outside_it_is_not_drawn() -> None:
    pixels = white()

    draw_pointer(pixels, SCREEN, pointer(0, 0, 0, 255), left=96, top=200)
    draw_pointer(pixels, SCREEN, pointer(0, 0, 0, 255), left=-500, top=9000)

    assert (pixels == 255).all()
