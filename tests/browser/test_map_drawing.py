"""The map's pixels where no graphics card draws them: shapes as stamps, and colours mixed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.site import Site, Visit

STAMP = """async ([shape, size]) => {
  const { stampOf } = await import("/static/map/raster.js");
  const { xs, ys, cover } = stampOf(shape, size);
  return [[...xs], [...ys], [...cover]];
}"""
BLEND = """async ([below, colour, part]) => {
  const { blend } = await import("/static/map/raster.js");
  const pixels = Uint32Array.of(below);
  blend(pixels, 0, colour, part);
  return pixels[0];
}"""


@pytest.fixture
def page(site: Site, visit: Callable[..., Visit]) -> Page:
    """Any page of the site, to load modules in."""
    opened = visit("alice").page
    opened.goto("/account")
    return opened


def stamp(page: Page, shape: int, size: float) -> Any:
    """The stamp as a picture, 32 pixels wide."""
    xs, ys, cover = page.evaluate(STAMP, [shape, size])
    picture = np.zeros((32, 32))
    picture[np.array(ys) + 16, np.array(xs) + 16] = cover
    return picture


def test_each_class_has_its_shape_once_there_is_room(page: Page):
    ring, line, dot, diamond = (stamp(page, shape, 15) for shape in (1, 2, 3, 4))
    assert ring[16, 16] == 0 < ring[16, 11]
    assert line[12, 20] > 0 == line[12, 12], "rises to the right"
    assert dot[16, 16] == 1
    assert dot.sum() < diamond.sum()
    for symmetric in (ring, dot, diamond):
        part = symmetric[9:24, 9:24]
        np.testing.assert_allclose(part, part[::-1], atol=1e-6)
        np.testing.assert_allclose(part, part.T, atol=1e-6)


@pytest.mark.parametrize("size", [0.4, 1.5, 2, 3, 5.9])
def test_a_small_point_is_as_large_as_it_is_said_to_be_whatever_its_class(page: Page, size: float):
    first, *others = (stamp(page, shape, size) for shape in (0, 1, 2, 3, 4, 9))
    for other in others:
        np.testing.assert_array_equal(first, other)
    side = max(round(size), 1)
    assert 0.5 * side**2 < first.sum() <= side**2


@pytest.mark.parametrize(
    ("part", "expected"),
    [(0, 0xFF102030), (256, 0xFFFF8000), (128, 0xFF875018)],
    ids=["none", "all", "half"],
)
def test_a_colour_is_mixed_with_what_lies_beneath(page: Page, part: int, expected: int):
    assert page.evaluate(BLEND, [0xFF102030, 0xFFFF8000, part]) == expected
