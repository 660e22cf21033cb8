from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from app.rendering.context import (
    CROP_PX,
    ENLARGEMENT,
    NEIGHBOUR_COLOUR,
    OUTSIDE_GREY,
    OWN_COLOUR,
    PlacedMask,
    context_png,
    contour_coverage,
)

SIDE = CROP_PX * ENLARGEMENT
MIDDLE = (CROP_PX // 2 + 0.5) * ENLARGEMENT
BLACK_FIELD = np.zeros((300, 300), np.float32)


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png))).astype(int)


def disc_at(y: float, x: float, radius: float = 8.0) -> PlacedMask:
    rows, columns = np.mgrid[:50, :50] - 25.0
    weights = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)
    return PlacedMask(weights.astype(np.float32), (y, x))


def pixels_of(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows and columns of the pixels that are nearly of a colour."""
    return np.argwhere(np.abs(picture - np.array(colour)).sum(axis=2) < 60)


def test_the_component_lies_in_the_middle_with_a_white_contour_round_it():
    picture = opened(context_png(BLACK_FIELD, disc_at(150, 150), []))
    assert picture.shape == (SIDE, SIDE, 3)
    contour = pixels_of(picture, OWN_COLOUR)
    np.testing.assert_allclose(contour.mean(axis=0), (MIDDLE, MIDDLE), atol=1.5)
    spread = np.hypot(*(contour - contour.mean(axis=0)).T) / ENLARGEMENT
    np.testing.assert_allclose(spread, 8.3, atol=1.0)


def test_the_mask_is_placed_on_the_pixel_it_was_cut_from():
    field = np.zeros((300, 300), np.float32)
    field[147:154, 97:104] = 1.0
    picture = opened(context_png(field, disc_at(150.4, 99.6, radius=3.0), []))
    cell = np.argwhere(picture[:, :, 0] > 0)
    contour = pixels_of(picture, OWN_COLOUR)
    np.testing.assert_allclose(contour.mean(axis=0), cell.mean(axis=0), atol=1.0)


def test_neighbours_are_drawn_at_their_own_place_in_the_quiet_colour():
    picture = opened(context_png(BLACK_FIELD, disc_at(150, 150), [disc_at(150, 180)]))
    own = pixels_of(picture, OWN_COLOUR).mean(axis=0)
    green = np.argwhere(picture[:, :, 1] - picture[:, :, 0] > 40).mean(axis=0)
    assert NEIGHBOUR_COLOUR != OWN_COLOUR
    np.testing.assert_allclose(green - own, (0, 30 * ENLARGEMENT), atol=1.5)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_a_rescaled_mask_is_drawn_at_its_size_in_the_field(scale: float):
    own = disc_at(150, 150, radius=8.0)
    picture = opened(context_png(BLACK_FIELD, own, [], mask_scale=scale))
    contour = pixels_of(picture, OWN_COLOUR)
    height_source_px = np.ptp(contour[:, 0]) / ENLARGEMENT
    assert height_source_px == pytest.approx(16.5 / scale, abs=2.0)


@pytest.mark.parametrize("corner", [(0, 0), (0, 299), (299, 0), (299, 299), (2.5, 150)])
def test_at_the_border_the_component_stays_in_the_middle_and_the_outside_is_flat(corner):
    bright = np.ones((300, 300), np.float32)
    picture = opened(context_png(bright, disc_at(*corner), [disc_at(150, 150)]))
    assert picture.shape == (SIDE, SIDE, 3)
    assert (picture == OUTSIDE_GREY).all(axis=2).any()
    np.testing.assert_allclose(
        pixels_of(picture, OWN_COLOUR).mean(axis=0), (MIDDLE, MIDDLE), atol=2
    )


def test_a_recording_without_a_summary_image_still_shows_contours():
    picture = opened(context_png(None, disc_at(20, 20), [disc_at(40, 20)]))
    assert len(pixels_of(picture, OWN_COLOUR)) > 100


def test_the_contrast_of_the_crop_survives_a_saturated_spot():
    rng = np.random.default_rng(0)
    field = rng.uniform(10, 20, (300, 300)).astype(np.float32)
    field[100:103, 100:103] = 1e6
    picture = opened(context_png(field, disc_at(150, 150), []))
    assert picture[:200, :200, 0].std() > 40


def test_an_image_with_missing_pixels_is_drawn():
    field = np.full((300, 300), np.nan, np.float32)
    field[100:200, 100:200] = 1.0
    assert opened(context_png(field, disc_at(150, 150), [])).max() == 255


def test_an_empty_mask_has_no_contour():
    assert not contour_coverage(np.zeros((40, 40), np.float32), width_px=2.0).any()
