import numpy as np
import pytest

from app.rendering.contours import contours, placed

ROWS, COLUMNS = np.mgrid[:50, :50].astype(np.float32)


def cone(y: float = 25, x: float = 25, radius: float = 12) -> np.ndarray:
    """Highest at its middle, zero from its radius on."""
    return np.clip(radius - np.hypot(ROWS - y, COLUMNS - x), 0, None).astype(np.float32)


def area_of(line: np.ndarray) -> float:
    """Of a closed line, in square pixels; positive where the inside is on its right hand."""
    y, x = line.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def test_a_round_mask_has_one_round_line_where_its_weight_is_the_level():
    # Half of a Gaussian is left at 1.177 of its standard deviation.
    bell = np.exp(-((ROWS - 25) ** 2 + (COLUMNS - 25) ** 2) / (2 * 8**2)).astype(np.float32)
    ((line,),) = contours(bell[None], level=0.5)
    np.testing.assert_allclose(np.hypot(*(line - 25).T), 8 * 1.177, atol=0.1)
    assert area_of(line) == pytest.approx(np.pi * (8 * 1.177) ** 2, rel=0.03)


def test_a_donut_has_a_line_round_it_and_one_round_its_hole():
    radius = np.hypot(ROWS - 25, COLUMNS - 25)
    ring = np.exp(-(((radius - 9) / 2) ** 2)).astype(np.float32)
    (lines,) = contours(ring[None])
    outer, inner = (area_of(line) for line in lines)
    assert outer > np.pi * 81 > -inner > 0


def test_masks_in_a_stack_have_the_lines_that_they_have_alone():
    masks = np.stack([cone(), cone(10, 35, 8), np.zeros((50, 50), np.float32), cone(49, 0)])
    together = contours(masks)
    assert [len(lines) for lines in together] == [1, 1, 0, 1]
    for mask, lines in zip(masks, together, strict=True):
        for line, alone in zip(lines, contours(mask[None])[0], strict=True):
            np.testing.assert_array_equal(line, alone)


def test_a_mask_that_the_border_cuts_is_closed_all_the_same():
    ((line,),) = contours(cone(0, 0)[None])
    assert line.min() > -1
    assert np.hypot(*(line - np.roll(line, 1, axis=0)).T).max() < 1.5


def test_opposite_corners_are_two_lines():
    mask = np.zeros((50, 50), np.float32)
    mask[10:20, 10:20] = mask[20:30, 20:30] = 1
    (lines,) = contours(mask[None], level=0.9)
    assert len(lines) == 2


def test_speckle_beside_a_mask_has_no_line():
    mask = cone()
    mask[45, 45] = 30
    (lines,) = contours(mask[None])
    assert len(lines) == 1


def test_a_placed_line_lies_in_the_field_by_its_centre_and_scale():
    line = np.array([[25, 25], [29, 21]], dtype=np.float32)
    (moved,) = placed([line], centroid_px=(100.4, 7.6), mask_scale=2.0)
    np.testing.assert_array_equal(moved, [[100, 8], [102, 6]])
