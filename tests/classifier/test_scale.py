"""Recordings of another zoom, brought back to the usual size."""

import numpy as np
import pytest

from classifier.scale import (
    FEWEST,
    TRUSTED,
    USUAL_RADIUS_PX,
    radii,
    recording_scales,
    rescale,
    rescale_masks,
)

Y, X = np.mgrid[-25:25, -25:25]
R = np.hypot(Y, X)


def discs(radii_px: object) -> np.ndarray:
    return np.stack([(r >= R).astype(np.float32) for r in np.atleast_1d(np.asarray(radii_px))])


def recording_at(zoom: float, count: int = 30) -> np.ndarray:
    spread = np.linspace(-0.3, 0.3, count)
    return discs(zoom * USUAL_RADIUS_PX * np.exp(spread - spread.mean()))


def mean_log_radius(masks: np.ndarray) -> float:
    return float(np.log(radii(masks)).mean())


def test_the_radius_of_a_disc_is_its_radius_in_any_unit():
    masks = discs([3, 7, 12])
    assert radii(masks) == pytest.approx([3, 7, 12], abs=0.3)
    assert radii(1e-6 * masks) == pytest.approx(radii(masks))
    speckled = masks.copy()
    speckled[:, 25, 25] = 1000
    assert radii(speckled) == pytest.approx(radii(masks), abs=0.1)


@pytest.mark.parametrize("zoom", [0.5, 1.6, 2.0])
def test_a_zoomed_recording_is_brought_back_to_near_its_size(zoom):
    masks = recording_at(zoom)
    scales = recording_scales(masks, np.zeros(30, int))
    assert np.ptp(scales) == 0, "one factor a recording"
    back = rescale_masks(masks, scales)
    # What is trusted to be the mixture of classes is left.
    off = mean_log_radius(back) - np.log(USUAL_RADIUS_PX)
    assert abs(off) == pytest.approx(TRUSTED, abs=0.12)
    assert np.sign(off) == np.sign(np.log(zoom))


def test_small_differences_are_left_to_the_network():
    for zoom in (0.85, 1.0, 1.17):
        masks = recording_at(zoom)
        assert (recording_scales(masks, np.zeros(30, int)) == 1).all()


def test_too_few_components_say_nothing_about_the_zoom():
    few = recording_at(2.0, FEWEST - 1)
    assert (recording_scales(few, np.zeros(len(few), int)) == 1).all()
    enough = recording_at(2.0, FEWEST)
    assert (recording_scales(enough, np.zeros(len(enough), int)) < 0.7).all()


def test_each_recording_has_a_factor_of_its_own():
    masks = np.concatenate([recording_at(2.0), recording_at(1.0)])
    scales = recording_scales(masks, np.repeat([7, 3], 30))
    assert (scales[:30] < 0.7).all()
    assert (scales[30:] == 1).all()
    assert recording_scales(masks[:0], np.zeros(0, int)).shape == (0,)


def test_the_middle_pixel_stays_in_the_middle():
    dot = np.zeros((2, 50, 50), np.float32)
    dot[:, 24:27, 24:27] = 1
    for zoomed in rescale_masks(dot, np.array([2.0, 0.5])):
        along = np.arange(50)
        assert (zoomed.sum(axis=1) @ along) / zoomed.sum() == pytest.approx(25, abs=0.02)
        assert (zoomed.sum(axis=0) @ along) / zoomed.sum() == pytest.approx(25, abs=0.02)


def test_what_has_the_usual_size_is_not_touched():
    masks = discs([5, 6])
    found = rescale(masks, np.array([1.0, 0.5]))
    np.testing.assert_array_equal(found[0], masks[0])
    assert not np.array_equal(found[1], masks[1])
    np.testing.assert_array_equal(masks, discs([5, 6]))


def test_a_crop_stays_missing_where_it_was_and_where_it_shrinks_from_the_border():
    crops = np.ones((2, 2, 50, 50), np.float32)
    crops[0, 1] = np.nan
    crops[0, 0, :10] = np.nan
    shrunk = rescale(crops, np.array([0.5, 0.5]))
    assert np.isnan(shrunk[0, 1]).all()
    assert np.isnan(shrunk[0, 0, :16]).all()
    assert shrunk[0, 0, 25, 25] == pytest.approx(1)
    assert np.isnan(shrunk[1, 0, 0]).all()


def test_a_mask_that_would_leave_the_window_keeps_its_size():
    dots = np.zeros((2, 50, 50), np.float32)
    dots[0, 25, [5, 45]] = 1
    dots[1, 25, 25] = 1
    found = rescale_masks(dots, np.array([2.5, 2.5]))
    np.testing.assert_array_equal(found[0], dots[0])
    assert (found[1] > 0).sum() > 1
