"""The map in a real browser: drawn, moved, lassoed, opened; with and without WebGL."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.actions import embedding, jobs, rounds, selecting
from tests.browser.site import Site, Visit, recording
from tests.support.javascript import AXE, COMPLAINTS

Opens = Callable[..., Visit]
# A browser without a graphics card has WebGL too, but the page would rather draw by itself then.
WEBGL = """
const real = WebGL2RenderingContext.prototype.getExtension;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : real.call(this, name);
};
"""
PAINTERS = pytest.mark.parametrize("before", [WEBGL, None], ids=["webgl", "raster"])


def laid_out(site: Site, keys: Sequence[int], places: Any) -> None:
    """What the worker would store of these components by the run in use."""
    embedding.request(site.context)
    job = jobs.claim(site.context, "map")
    assert job is not None
    run = jobs.get(site.context, 1).id
    space = embedding.begin(site.context, job, run, np.zeros((2, 1), np.float32))
    table = np.array(places, np.float32)
    embedding.store(site.context, job, space, keys, np.zeros((len(keys), 1), np.float16), table)
    embedding.finish(site.context, job, space, len(keys))
    jobs.finish(site.context, job, "succeeded")


@pytest.fixture
def keys(site: Site) -> list[int]:
    """Two clouds: ten labeled ones on the left, twenty others on the right."""
    site.store(recording(labels=[1, 2, 3, 4, 1] * 2 + [0] * 20))
    site.trained(predicted=2)
    keys = site.components()
    angle = np.linspace(0, 6, 30)
    places = 0.2 * np.column_stack([np.cos(angle), np.sin(angle)])
    places[:10, 0] -= 0.7
    places[10:, 0] += 0.7
    laid_out(site, keys, places)
    return keys


LOSE_WEBGL = """
document.querySelector("[data-points-canvas]").getContext("webgl2")
  .getExtension("WEBGL_lose_context").loseContext()
"""


def opened(visit: Opens, before: str | None = None) -> Page:
    """The map, drawn."""
    page = visit("alice").page
    if before is not None:
        page.add_init_script(before)
    page.goto("/map")
    page.locator("[data-map][data-ready]").wait_for()
    return page


def pixel(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the plane is drawn, while all is shown."""
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    scale = 0.46 * min(box["width"] / 0.9, box["height"] / 0.2)
    return box["x"] + box["width"] / 2 + scale * x, box["y"] + box["height"] / 2 - scale * y


def seen(page: Page) -> int:
    """Pixels in the lower two thirds, where no tool lies, that are not the ground."""
    page.wait_for_timeout(100)
    taken = Image.open(BytesIO(page.locator("[data-map]").screenshot())).convert("RGB")
    picture = np.asarray(taken, int)[taken.height // 3 :, 5:-5]
    return int((np.abs(picture - picture[-10, 5]).sum(axis=2) > 60).sum())


def lasso(page: Page, x: float) -> None:
    """Draw a line round the cloud in the middle of which this place is."""
    page.keyboard.down("Shift")
    page.mouse.move(*pixel(page, x - 0.24, -0.3))
    page.mouse.down()
    for corner in ((x + 0.24, -0.3), (x + 0.24, 0.3), (x - 0.24, 0.3)):
        page.mouse.move(*pixel(page, *corner), steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_the_map_is_drawn_with_a_legend_that_counts(visit: Opens, keys: list[int]):
    page = opened(visit)
    counts = page.locator("[data-legend] .legend-count")
    expect(counts).to_have_text(["4", "2", "2", "2", "20"])
    page.locator("[data-colour]").select_option("predicted")
    expect(counts).to_have_text(["0", "30", "0", "0"])
    page.locator("[data-colour]").select_option("entropy")
    expect(page.locator("[data-legend] .ramp")).to_be_visible()
    page.locator("[data-colour]").select_option("recording")
    expect(counts).to_have_text(["30"])


def test_a_lassoed_cloud_opens_as_a_montage(visit: Opens, site: Site, keys: list[int]):
    page = opened(visit)
    lasso(page, 0.7)
    expect(page.locator("[data-chosen-count]")).to_have_text("20 chosen")
    page.get_by_role("button", name="Open as montage").click()
    page.wait_for_url("**/montage?selection=1")
    expect(page.get_by_text("Of 20 chosen on the map")).to_be_visible()
    assert sorted(selecting.get(site.context, 1).components) == keys[10:]


def test_a_lassoed_cloud_opens_as_a_round_of_its_labeled_ones(
    visit: Opens, site: Site, keys: list[int]
):
    page = opened(visit)
    lasso(page, -0.7)
    page.get_by_role("button", name="Open as a round").click()
    page.wait_for_url("**/rounds/1")
    assert rounds.get_round(site.context, 1).size == 10


def test_what_cannot_be_opened_says_why(visit: Opens, keys: list[int]):
    page = opened(visit)
    lasso(page, 0.7)
    page.get_by_role("button", name="Open as a round").click()
    expect(page.locator("[data-message]")).to_contain_text("has a label yet")


def test_the_lasso_is_drawn_by_keys_too(visit: Opens, keys: list[int]):
    page = opened(visit)
    page.locator("[data-points-canvas]").focus()
    page.keyboard.press("l")
    presses = [("ArrowUp", 30), (" ", 1), ("ArrowRight", 60), (" ", 1), ("ArrowDown", 60), (" ", 1)]
    for key, times in [*presses, ("ArrowLeft", 60), (" ", 1), ("Enter", 1)]:
        for _ in range(times):
            page.keyboard.press(key)
    expect(page.locator("[data-chosen-count]")).to_have_text("20 chosen")
    page.keyboard.press("Escape")
    expect(page.locator("[data-chosen]")).to_be_hidden()


def test_hover_shows_the_mask_and_a_click_opens_the_component(visit: Opens, keys: list[int]):
    page = opened(visit)
    page.mouse.move(*pixel(page, -0.7 + 0.2, 0))
    card = page.locator("[data-card]")
    expect(card).to_contain_text(f"Component {keys[0]}")
    expect(card).to_contain_text("neuron")
    expect(card).to_contain_text("process")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 50)
    page.mouse.click(*pixel(page, -0.7 + 0.2, 0))
    page.wait_for_url(f"**/components/{keys[0]}")


def test_by_keys_one_steps_through_the_components_and_opens_one(visit: Opens, keys: list[int]):
    page = opened(visit)
    page.locator("#number").fill(str(keys[4]))
    page.keyboard.press("Enter")
    expect(page.locator("[data-card]")).to_contain_text(f"Component {keys[4]}")
    page.locator("[data-points-canvas]").focus()
    page.keyboard.press("n")
    expect(page.locator("[data-words]")).to_contain_text(f"Component {keys[4]}")
    page.keyboard.press("n")
    expect(page.locator("[data-card]")).not_to_contain_text(f"Component {keys[4]}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/components/*")


def test_a_number_that_is_not_there_says_so(visit: Opens, keys: list[int]):
    page = opened(visit)
    page.locator("#number").fill("999")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("[data-message]")).to_have_text("Component 999 is not on the map.")


@PAINTERS
def test_what_is_hidden_is_neither_drawn_nor_chosen(
    visit: Opens, keys: list[int], before: str | None
):
    page = opened(visit, before)
    drawn = seen(page)
    assert drawn > 300
    page.locator("[data-legend] [data-code='0']").click()
    assert 0 < seen(page) < drawn
    lasso(page, 0.7)
    expect(page.locator("[data-message]")).to_contain_text("No component lies in the lasso")


def test_without_a_graphics_card_the_page_draws_by_itself_the_same(visit: Opens, keys: list[int]):
    pictures = []
    for before, painter in ((WEBGL, "webgl"), (None, "raster")):
        page = opened(visit, before)
        expect(page.locator("[data-map]")).to_have_attribute("data-painter", painter)
        page.wait_for_timeout(100)
        taken = Image.open(BytesIO(page.locator("[data-points-canvas]").screenshot()))
        pictures.append(np.asarray(taken.convert("RGB"), float))
    marks = [abs(one - one[-3, -3]).sum(axis=2) for one in pictures]
    assert np.corrcoef(*(mark.ravel() for mark in marks))[0, 1] > 0.85
    assert np.sum(marks[0]) == pytest.approx(np.sum(marks[1]), rel=0.1)


@PAINTERS
def test_moving_and_zooming_by_keys_and_back_to_all(
    visit: Opens, keys: list[int], before: str | None
):
    page = opened(visit, before)
    page.locator("[data-points-canvas]").focus()
    whole = seen(page)
    for key in ("ArrowLeft", *["+"] * 12):
        page.keyboard.press(key)
    assert seen(page) < whole
    page.keyboard.press("0")
    assert seen(page) == whole


def test_a_map_that_the_graphics_card_has_dropped_says_so(keys: list[int], visit: Opens):
    page = opened(visit, WEBGL)
    page.evaluate(LOSE_WEBGL)
    expect(page.get_by_text("Load the page again")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_on_a_drawn_map(keys: list[int], visit: Opens, theme: str):
    page = opened(visit, f"localStorage.setItem('somata.theme', '{theme}')")
    lasso(page, 0.7)
    page.evaluate(AXE.read_text())
    assert page.evaluate(COMPLAINTS) == []
