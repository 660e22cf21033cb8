"""Summary images at the desk: whole ones come once a recording; windows are cut from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from playwright.sync_api import Request, expect

from app.domain.recordings import Recording
from app.rendering.windows import GreyImage, Window
from tests.browser.site import Desk, Site, Visit, recording
from tests.browser.test_desk_drawing import run

Opens = Callable[..., Visit]


def three_images(side_px: int = 200) -> Recording:
    """A recording with three summary images that look unlike each other."""
    one = recording(components=40)
    rng = np.random.default_rng(5)
    shape = (side_px, side_px)
    images = {
        kind: rng.uniform(size=shape).astype(np.float32) for kind in ("mean", "max", "correlation")
    }
    return Recording(**{**one.__dict__, "summary_images": images, "field_shape_px": shape})


def test_whole_images_are_fetched_once_when_they_pay_and_when_they_are_looked_at(
    site: Site, visit: Opens
) -> None:
    site.store(three_images())
    page = visit("alice").page
    asked: list[str] = []
    bundles: list[str] = []

    def note(request: Request) -> None:
        if "/summary?" in request.url:
            asked.append(request.url.partition("kind=")[2].partition("&")[0])
        if "/components/views?" in request.url:
            bundles.append(request.url.partition("&images=")[2])

    page.on("request", note)
    desk = Desk(page)
    desk.component()
    page.wait_for_load_state("networkidle")
    # A window is more than half of this small field: two of them pay for the whole.
    assert (bundles, asked) == (["mean"], ["mean"])
    with page.expect_response("**/components/views?*") as more:
        for _ in range(11):
            desk.press("1")
    assert bundles[1:] == [""]
    assert len(more.value.body()) < 11 * 16_000
    looks = page.locator("[data-look=picture]")
    seen = [context_pixels(desk)]
    for kind in ("max", "correlation"):
        page.keyboard.press("i")
        expect(looks).to_have_text(kind)
        seen.append(context_pixels(desk))
    assert len({str(one) for one in seen}) == 3
    assert asked == ["mean", "max", "correlation"]
    page.keyboard.press("i")
    desk.press("2")
    desk.component()
    for kind in ("max", "correlation", "mean"):
        page.keyboard.press("i")
        # At once, without a request: no waiting for it here.
        assert looks.text_content() == kind
    assert len(asked) == 3


def test_of_a_large_field_a_first_look_at_another_image_brings_windows(
    site: Site, visit: Opens
) -> None:
    site.store(three_images(side_px=900))
    page = visit("alice").page
    desk = Desk(page)
    shown = desk.component()
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/components/views?*") as windows:
        page.keyboard.press("i")
    ids = windows.value.url.partition("ids=")[2].partition("&")[0].split(",")
    assert (str(shown) in ids, len(ids)) == (True, 20)
    assert len(windows.value.body()) < 20 * 25_000 < 900**2
    looks = page.locator("[data-look=picture]")
    expect(looks).to_have_text("max")
    drawn = context_pixels(desk)
    for kind in ("correlation", "mean", "max"):
        page.keyboard.press("i")
        expect(looks).to_have_text(kind)
    page.wait_for_load_state("networkidle")
    assert len(asked) == 2, "one for each of two images"
    assert context_pixels(desk) == drawn
    # As it comes with the view, for whoever looks at it from the beginning.
    page.reload()
    assert desk.component() == shown
    expect(looks).to_have_text("max")
    assert context_pixels(desk) == drawn


def context_pixels(desk: Desk) -> list[int]:
    """Some of the surroundings as they are on screen."""
    found: list[int] = desk.page.evaluate(
        "() => { const c = document.querySelector('canvas[data-context]');"
        "return [...c.getContext('2d').getImageData(0, c.height / 2, c.width, 1).data]; }"
    )
    return found


def test_an_image_that_does_not_come_is_asked_for_again(site: Site, visit: Opens) -> None:
    site.store(three_images())
    page = visit("alice").page
    desk = Desk(page)
    desk.component()
    page.wait_for_load_state("networkidle")
    page.route("**/summary?*", lambda route: route.abort("internetdisconnected"))
    page.keyboard.press("i")
    expect(page.get_by_text("The max image did not come")).to_be_visible()
    expect(page.locator("[data-look=picture]")).to_have_text("max …")
    page.unroute("**/summary?*")
    desk.press("1")
    expect(page.locator("[data-look=picture]")).to_have_text("max")


def test_a_window_cut_in_the_browser_is_the_servers(site: Site, visit: Opens) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (30, 41)).astype(np.uint8)
    windows = [
        (place, pixel) for place in ((-7, 3), (20, 35), (11, 40), (90, 0)) for pixel in (1, 3)
    ]
    given: dict[str, Any] = {
        "levels": levels.ravel().tolist(),
        "windows": [{"top": y, "left": x, "side": 15, "pixel": pixel} for (y, x), pixel in windows],
    }
    page = visit("alice").page
    page.goto("/account")
    found = run(
        page,
        "desk/fields.js",
        "given.windows.map((w) => { const p = m.cut({kind: 'mean', rows: 30, columns: 41, pixel: "
        "w.pixel, levels: new Uint8Array(given.levels)}, {surroundings: w}); "
        "return [p.top, p.left, p.rows, p.columns, [...p.levels]]; })",
        given,
    )
    for ((y, x), pixel), cut in zip(windows, found, strict=True):
        crop = Window(y, x, 15).cut(GreyImage(levels, pixel))
        assert cut == [crop.top_px, crop.left_px, *crop.levels.shape, crop.levels.ravel().tolist()]
