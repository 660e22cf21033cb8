"""Whole stacks at once tell of each image what scipy tells of it alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from scipy.spatial import ConvexHull

from classifier.regions import (
    areas,
    borders,
    convex_hull,
    hole_areas,
    perimeters,
    pieces,
    thickness,
)


def blobs(recording) -> np.ndarray:
    return np.concatenate([recording.masks > level for level in (0, 0.2 * recording.masks.max())])


def speckle() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.random((12, 50, 50)) < np.linspace(0.02, 0.98, 12)[:, None, None]


def drawn() -> np.ndarray:
    """Nothing, everything, a frame at the border, rings whose holes a corner or a row closes."""
    regions = np.zeros((6, 50, 50), dtype=bool)
    regions[1] = True
    regions[2] = True
    regions[2, 1:-1, 1:-1] = False
    regions[3, [10, 11, 11, 12], [20, 19, 21, 20]] = True
    regions[4, 40:45, 0:5] = True
    regions[4, 42, 1:4] = False
    regions[5, :, 49] = True
    regions[5, 49, :] = True
    return regions


@pytest.fixture(params=["blobs", "speckle", "drawn"])
def regions(request, recording) -> np.ndarray:
    made = {"blobs": lambda: blobs(recording), "speckle": speckle, "drawn": drawn}
    return made[request.param]()


def test_areas_are_counted(regions):
    assert_array_equal(areas(regions), [region.sum() for region in regions])


def test_pieces_are_joined_by_corners_and_never_across_images(regions):
    image_of, sizes = pieces(regions)
    for index, region in enumerate(regions):
        labels, _ = ndimage.label(region, structure=np.ones((3, 3)))
        assert_array_equal(np.sort(sizes[image_of == index]), np.sort(np.bincount(labels.flat)[1:]))


def test_a_hole_is_what_filling_would_add(regions):
    added = [ndimage.binary_fill_holes(region).sum() - region.sum() for region in regions]
    assert_array_equal(hole_areas(regions), added)


def test_a_perimeter_is_made_of_sides(regions):
    padded = np.pad(regions, ((0, 0), (1, 1), (1, 1))).astype(int)
    sides = sum(np.abs(np.diff(padded, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2))
    assert_array_equal(perimeters(regions), sides)


def test_a_border_is_what_erosion_takes(regions):
    for region, border in zip(regions, borders(regions), strict=True):
        assert_array_equal(border, region & ~ndimage.binary_erosion(region))


def test_a_hull_is_that_of_its_pixels_each_half_a_pixel_round(recording):
    regions = np.concatenate([blobs(recording), drawn()[2:5]])
    regions = regions[regions.sum(axis=(1, 2)) > 20]
    found = np.array(convex_hull(regions))
    for (area, around, widest, narrowest), region in zip(found.T, regions, strict=True):
        places = np.argwhere(region)
        hull = ConvexHull(places)
        # A polygon round it that touches it in 32 directions is a little larger.
        least = hull.volume + hull.area / 2 + np.pi / 4
        assert least - 1e-9 <= area <= 1.15 * least
        assert_allclose(around, hull.area + np.pi, rtol=0.05)
        turn = np.arange(16) * np.pi / 16
        widths = np.ptp(places @ np.stack([np.sin(turn), np.cos(turn)]), axis=0) + 1
        assert_allclose((widest, narrowest), (widths.max(), widths.min()))
    assert [value[0] for value in convex_hull(drawn()[:1])] == [1, 1, 1, 1]


def test_thickness_is_the_greatest_distance_to_the_outside(regions):
    alone = [ndimage.distance_transform_edt(np.pad(region, 1)).max() for region in regions]
    assert_allclose(thickness(regions), alone, rtol=1e-12)


def test_of_no_images_nothing_is_told():
    none = np.zeros((0, 50, 50), dtype=bool)
    assert len(areas(none)) == len(hole_areas(none)) == len(thickness(none)) == 0
    assert [len(found) for found in pieces(none)] == [0, 0]
