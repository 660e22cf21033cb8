import numpy as np

from app.rendering.windows import (
    MAP_PX,
    GreyImage,
    Window,
    block_means,
    field_map,
    grey_image,
    window_round,
    window_side_px,
)

RAMP = np.arange(60, dtype=np.uint8).reshape(6, 10)


def test_a_window_has_its_component_in_the_middle():
    assert window_round((100.2, 49.8), 150) == Window(25, -25, 150)


def test_large_cells_have_a_larger_window():
    assert window_side_px(mask_scale=1.0) == 150
    assert window_side_px(mask_scale=0.5) == 300


def test_a_crop_is_what_of_the_field_lies_in_the_window():
    crop = Window(-2, 8, 5).cut(GreyImage(RAMP, 1))
    assert (crop.top_px, crop.left_px) == (0, 8)
    np.testing.assert_array_equal(crop.levels, RAMP[:3, 8:])


def test_a_crop_of_coarse_pixels_covers_the_window():
    crop = Window(3, 4, 4).cut(GreyImage(RAMP, 2))
    assert (crop.top_px, crop.left_px) == (2, 4)
    np.testing.assert_array_equal(crop.levels, RAMP[1:4, 2:4])


def test_a_window_beyond_the_field_has_an_empty_crop():
    assert Window(50, 50, 5).cut(GreyImage(RAMP, 1)).levels.size == 0


def test_a_saturated_pixel_leaves_the_rest_of_the_field_visible():
    image = np.random.default_rng(0).normal(100, 10, (300, 300)).astype(np.float32)
    image[5, 5], image[6, 6] = 1e6, np.nan
    levels = grey_image(image, mask_scale=1.0).levels
    assert levels.std() > 30
    assert levels[5, 5] == 255


def test_a_field_of_large_cells_is_put_together():
    image = grey_image(np.ones((301, 200), np.float32), mask_scale=0.5)
    assert (image.levels.shape, image.pixel_px) == ((151, 100), 2)


def test_blocks_that_the_border_cuts_are_means_of_what_is_there():
    means = block_means(np.array([[1, 3, 5], [1, 3, 5], [7, 7, 9]], np.float32), 2)
    np.testing.assert_array_equal(means, [[2, 5], [7, 9]])


def test_the_map_of_a_field_is_small_and_keeps_its_shape():
    levels = np.zeros((700, 400), np.uint8)
    levels[350:, :] = 255
    small = field_map(GreyImage(levels, 1))
    assert max(small.shape) <= MAP_PX
    assert (small[0, 0], small[-1, -1]) == (0, 255)
