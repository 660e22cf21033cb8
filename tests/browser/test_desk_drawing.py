"""What the desk draws: pure parts as functions in the browser, the rest as a labeler sees it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.domain.recordings import Recording
from tests.browser.site import Desk, Site, Visit, recording

Opens = Callable[..., Visit]


def run(page: Page, module: str, expression: str, given: Any = None) -> Any:
    """What an expression of a module's exports (as `m`) comes to."""
    body = (
        f"async (given) => {{ const m = await import('/static/{module}'); return {expression}; }}"
    )
    return page.evaluate(body, given)


@pytest.fixture
def page(site: Site, visit: Opens) -> Page:
    """Any page of the site, to load modules in."""
    opened = visit("alice").page
    opened.goto("/account")
    return opened


def test_colormaps_grow_lighter_from_level_to_level(page: Page):
    for name in ("grey", "viridis", "inferno"):
        table = np.array(run(page, "desk/colours.js", f"[...m.tableOf('{name}')]")).reshape(256, 3)
        light = table @ [0.2126, 0.7152, 0.0722]
        assert np.diff(light).min() > -0.6, name
        assert light[255] - light[0] > 180
    assert run(page, "desk/colours.js", "[...m.tableOf('viridis').slice(0, 3)]") == [68, 1, 84]


def test_white_is_a_quantile_of_the_lit_pixels(page: Page):
    levels = [0] * 900 + list(range(1, 101))
    found = run(page, "desk/levels.js", "m.quantile(new Uint8Array(given), 0.9, true)", levels)
    assert found == 90
    shown = run(
        page,
        "desk/levels.js",
        "[...m.pixels({levels: new Uint8Array([0, 50, 90, 200]), rows: 1, columns: 4}, 'grey', "
        "0, 100).data].filter((_, n) => n % 4 === 0)",
    )
    assert shown == [0, 128, 230, 255]


def test_the_outline_of_a_pixel_goes_round_it(page: Page):
    pieces = run(
        page,
        "desk/levels.js",
        "m.outline({levels: new Uint8Array([0,0,0, 0,200,0, 0,0,0]), rows: 3, columns: 3}, 100)",
    )
    points = np.array(pieces).reshape(-1, 2)
    assert len(points) == 8
    np.testing.assert_allclose(np.abs(points - 1.5).sum(axis=1), 0.5)


@pytest.mark.parametrize(
    ("press", "action"),
    [
        ({"key": "1", "code": "Digit1"}, "label1"),
        ({"key": "&", "code": "Digit1"}, "label1"),
        ({"key": "End", "code": "Numpad1"}, "label1"),
        ({"key": "ArrowLeft", "code": "Numpad4"}, "label4"),
        ({"key": "ы", "code": "KeyS"}, "skip"),
        ({"key": "S", "code": "KeyS", "shiftKey": True}, "skipWithReason"),
        ({"key": "U", "code": "KeyU"}, "undo"),
        ({"key": "z", "code": "KeyY", "ctrlKey": True}, "undo"),
        ({"key": "w", "code": "KeyZ", "ctrlKey": True}, None),
        ({"key": "-", "code": "Digit6"}, "zoomOut"),
        ({"key": "[", "code": "Digit8", "altKey": True, "altGraph": True}, "darker"),
        ({"key": "ü", "code": "BracketLeft"}, "darker"),
        ({"key": "1", "code": "Digit1", "altKey": True}, None),
        ({"key": "?", "code": "Comma", "shiftKey": True}, "help"),
        ({"key": "x", "code": "KeyX"}, None),
    ],
    ids=str,
)
def test_each_layouts_keys_do_what_is_written_on_them(
    page: Page, press: dict[str, Any], action: str | None
):
    assert run(page, "desk/bindings.js", "m.actionOf(given, m.USUAL)", press) == action


def test_a_key_that_is_taken_from_another_action_is_exchanged(page: Page):
    new = "m.rebound(m.USUAL, 'skip', {key: 'u', code: 'KeyU'})"
    assert run(page, "desk/bindings.js", f"[{new}.skip, {new}.undo]") == ["u", "s"]
    assert (
        run(page, "desk/bindings.js", "m.rebound(m.USUAL, 'skip', {key: 'Tab', code: 'Tab'})")
        is None
    )


def test_a_trace_is_zoomed_about_the_pointer_and_never_beyond_its_ends(page: Page):
    start = "{first: 0, last: 1000}"
    near = run(page, "desk/range.js", f"m.zoomed({start}, 0.5, 250, 1001)")
    assert near == {"first": 125, "last": 625}
    assert run(page, "desk/range.js", f"m.zoomed({start}, 4, 250, 1001)") == {
        "first": 0,
        "last": 1000,
    }
    moved = "m.moved({first: 900, last: 950}, 500, 1001)"
    assert run(page, "desk/range.js", moved) == {"first": 950, "last": 1000}


@pytest.mark.parametrize(
    ("asked", "ticks"),
    [((0, 10, 5), [0, 2, 4, 6, 8, 10]), ((0.13, 0.42, 3), [0.2, 0.3, 0.4]), ((5, 5, 3), [])],
)
def test_ticks_are_round_numbers(page: Page, asked: tuple[float, ...], ticks: list[float]):
    np.testing.assert_allclose(run(page, "plot.js", "m.ticksOf(...given)", list(asked)), ticks)


def bright(page: Page, canvas: str) -> float:
    """The mean brightness of a canvas."""
    return float(
        page.evaluate(
            "name => { const c = document.querySelector(`canvas[data-${name}]`);"
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "return d.reduce((sum, value) => sum + value, 0) / d.length; }",
            canvas,
        )
    )


def test_what_a_labeler_likes_holds_after_a_reload(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    desk.component()
    before = bright(desk.page, "mask")
    for key in ("g", "m", "]", "o", "+"):
        desk.page.keyboard.press(key)
    assert bright(desk.page, "mask") != before
    desk.page.reload()
    desk.component()
    expect(desk.page.locator("[data-look=colours]")).to_have_text("viridis")
    expect(desk.page.locator("[data-action=smooth]")).to_have_attribute("aria-pressed", "true")
    expect(desk.page.locator("[data-look=contrast]")).to_have_text("96%")
    expect(desk.page.locator("[data-look=outline]")).to_have_text("20%")
    expect(desk.page.locator("[data-look=zoom]")).to_have_text("1.3×")


def test_pointer_and_sliders_do_what_keys_do(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    desk.component()
    for slider, look in (("contrast", "80%"), ("outline", "50%")):
        desk.page.locator(f"input[data-{slider}]").fill(look[:2])
        expect(desk.page.locator(f"[data-look={slider}]")).to_have_text(look)
    desk.page.locator("canvas[data-context]").hover()
    desk.page.mouse.wheel(0, -100)
    expect(desk.page.locator("[data-look=zoom]")).to_have_text("1.1×")
    box = desk.page.locator("canvas[data-trace]").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen = [trace_pixels(desk.page)]
    desk.page.mouse.move(*middle)
    for _ in range(4):
        desk.page.mouse.wheel(0, -100)
    seen.append(trace_pixels(desk.page))
    desk.page.mouse.down()
    desk.page.mouse.move(middle[0] + 60, middle[1], steps=3)
    desk.page.mouse.up()
    seen.append(trace_pixels(desk.page))
    desk.page.mouse.move(middle[0] - 60, middle[1])
    assert trace_pixels(desk.page) == seen[2], "let go of"
    assert len(set(seen)) == 3, "whole, nearer, moved"
    desk.page.mouse.dblclick(*middle)
    assert trace_pixels(desk.page) == seen[0]


def trace_pixels(page: Page) -> str:
    """The trace as it is on screen, once its finer points are there."""
    page.wait_for_load_state("networkidle")
    return str(page.evaluate("document.querySelector('canvas[data-trace]').toDataURL()"))


def test_each_canvas_shows_something(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    desk.press("1")
    desk.component()
    for canvas in ("mask", "context", "map", "trace"):
        assert bright(desk.page, canvas) > 1, canvas


def test_a_key_can_be_chosen_and_is_written_on_its_button(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    desk.page.keyboard.press("?")
    desk.page.locator("[data-binds=label2]").click()
    desk.page.keyboard.press("p")
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("[data-label='2'] kbd")).to_have_text("p")
    desk.press("p")
    desk.all_saved()
    assert site.all_answers() == {shown: [2]}
    desk.page.reload()
    expect(desk.page.locator("[data-label='2'] kbd")).to_have_text("p")


def test_nobody_answers_under_the_panel_of_keys(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    desk.page.keyboard.press("?")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("Escape")
    assert desk.component() == shown


def test_zooming_far_into_a_trace_fetches_its_finer_points(site: Site, visit: Opens):
    one = recording(components=3)
    long = np.random.default_rng(0).normal(size=(3, 30_000)).astype(np.float32)
    site.store(Recording(**{**one.__dict__, "traces": long}))
    desk = Desk(visit("alice").page)
    shown = desk.component()
    with desk.page.expect_response(f"**/components/{shown}/trace?*first=*") as answer:
        for _ in range(5):
            desk.page.keyboard.press("ArrowUp")
    times = answer.value.json()["times"]
    # A thirty-second of half an hour, and as much on either side, whole to the frame.
    assert len(times) >= 1900
    assert times[-1] - times[0] < 300


def test_the_desk_fits_a_tablet_held_upright(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice", has_touch=True, is_mobile=True).page)
    desk.page.set_viewport_size({"width": 768, "height": 1024})
    desk.component()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 768
    for label in "1234":
        box = desk.page.locator(f"[data-label='{label}']").bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 48
    # All keys in sight: the row of undo and the others is the last.
    box = desk.page.locator(".keys [data-action=help]").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 1024


def test_the_keys_are_one_row_on_a_laptop(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    desk.component()
    tops = "[...document.querySelectorAll('.work .keys button')].map(b => b.offsetTop)"
    assert len(set(desk.page.evaluate(tops))) == 1
