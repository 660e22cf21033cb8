from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from app.rendering.masks import mask_png, sprite_sheet, stretch


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)))


def disc(radius: float = 8.0, weight: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[:50, :50] - 25.0
    return (weight * (np.hypot(y, x) <= radius)).astype(np.float32)


def test_a_mask_is_black_where_it_has_no_weight_and_white_where_it_has_most():
    picture = opened(mask_png(disc()))
    assert picture.shape == (50, 50)
    assert picture[25, 25] == 255
    assert picture[0, 0] == 0


def test_one_hot_pixel_does_not_darken_the_rest():
    mask = disc(radius=12.0)
    mask[25, 25] = 1000.0
    assert stretch(mask)[20, 20] > 100


def test_contrast_does_not_depend_on_the_unit_of_the_weights():
    gradient = disc() * np.linspace(0.2, 1.0, 50, dtype=np.float32)
    np.testing.assert_array_equal(stretch(gradient), stretch(gradient * np.float32(1e-6)))


def test_an_empty_mask_is_black():
    assert not stretch(np.zeros((50, 50), np.float32)).any()


def test_enlarging_keeps_pixels_square_and_crisp():
    mask = np.zeros((50, 50), np.float32)
    mask[25, 25] = 1.0
    large = opened(mask_png(mask, size_px=500))
    assert large.shape == (500, 500)
    assert set(np.unique(large)) == {0, 255}
    assert (large == 255).sum() == 100


def test_a_sprite_sheet_has_each_mask_in_its_own_cell():
    masks = np.stack([disc(radius) for radius in range(2, 9)])
    sheet = opened(sprite_sheet(masks, columns=3))
    assert sheet.shape == (150, 150)
    for index, mask in enumerate(masks):
        y, x = 50 * (index // 3), 50 * (index % 3)
        np.testing.assert_array_equal(sheet[y : y + 50, x : x + 50], stretch(mask))
    assert not sheet[100:, 50:].any()


def test_a_sheet_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one mask"):
        sprite_sheet(np.zeros((0, 50, 50), np.float32), columns=3)
