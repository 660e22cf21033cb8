from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from app.actions import discussing, labeling, noting, rounds, tuning
from app.actions.discussing import Raised, Settled
from app.actions.labeling import Answer
from app.actions.noting import Noted
from app.actions.rounds import RoundPlan
from tests.browser.site import Desk, Site, Visit, recording
from tests.formats.shared_data import shared
from tests.support.javascript import AXE, COMPLAINTS

Opens = Callable[..., Visit]


@pytest.fixture
def furnished(site: Site) -> Site:
    """A site with a recording, a model and a round."""
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    site.trained(predicted=2)
    site.trained(predicted=1)
    rounds.open_round(site.context, site.alice, RoundPlan("quality", 5))
    tuning.request_study(site.context, site.alice)
    discussed(site, [1, 2, 3])
    return site


def discussed(site: Site, keys: list[int]) -> None:
    """The first is settled; the second is open, answered by two; the third alice has not seen."""
    bob = site.person("robert")
    for key in keys:
        for who in (bob, site.alice) if key != keys[2] else (bob,):
            labeling.answer(site.context, who, [Answer(uuid4(), key, who.id)])
        discussing.put_up(site.context, bob, Raised(uuid4(), key, "a dendrite?"))
    noting.write(site.context, bob, Noted(uuid4(), keys[1], "dim"))
    agreed = Settled(uuid4(), keys[0], 2, site.alice.name, "")
    discussing.settle(site.context, bob, agreed)


PAGES = (
    "/",
    "/label",
    "/montage",
    "/montage/threshold",
    "/components",
    "/components?order=entropy&label=3",
    "/components/1",
    "/definitions",
    "/map",
    "/discuss",
    "/discuss?state=settled",
    "/rounds",
    "/rounds/1",
    "/rounds/1/label",
    "/runs",
    "/runs/1",
    "/runs/compare",
    "/runs/compare?a=1&b=2",
    "/tuning",
    "/tuning/3",
    "/recordings/1",
    "/import",
    "/people",
    "/account",
)


TABLET = ViewportSize(width=768, height=1024)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_draws_satisfies_axe_and_fits_a_tablet(
    furnished: Site, visit: Opens, theme: str
):
    # Together, since most of the time goes into opening so many pages.
    page = visit("alice").page
    page.add_init_script(f"localStorage.setItem('somata.theme', '{theme}')")
    axe = AXE.read_text()
    wide = page.viewport_size
    assert wide is not None
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        assert page.locator("h1, h2").count() > 0, path
        page.evaluate(axe)
        assert page.evaluate(COMPLAINTS) == [], path
        page.set_viewport_size(TABLET)
        assert page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"], path
        page.set_viewport_size(wide)


def test_the_navigation_is_one_row_on_a_tablet_and_shows_where_one_is(
    furnished: Site, visit: Opens
):
    page = visit("alice").page
    page.set_viewport_size(TABLET)
    for path in ("/", "/montage", "/people"):
        page.goto(path)
        header = page.locator("header.top").bounding_box()
        assert header is not None
        assert header["height"] < 60
        here = page.locator(".nav [aria-current]")
        expect(here).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    # By keys, too, all of it is reached.
    page.get_by_role("link", name="Overview").focus()
    expect(page.get_by_role("link", name="Overview")).to_be_in_viewport(ratio=1)


def test_the_focus_can_be_seen_on_everything_that_takes_it(furnished: Site, visit: Opens):
    page = visit("alice").page
    for path in ("/label", "/rounds", "/account"):
        page.goto(path)
        for _ in range(12):
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert outline == "3px", page.evaluate("document.activeElement.outerHTML")


def test_the_theme_can_be_chosen_and_stays(furnished: Site, visit: Opens):
    # Dark whatever the system likes: people look at dim masks here for an hour.
    page = visit("alice", color_scheme="light").page
    page.goto("/")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    assert dark == "rgb(13, 16, 20)"
    page.get_by_role("button", name="Dark or light").click()
    light = page.evaluate(background)
    page.reload()
    assert dark != light == page.evaluate(background)


def test_an_empty_database_offers_two_ways_to_begin(site: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/")
    expect(page.get_by_role("link", name="Import recordings")).to_be_visible()
    page.get_by_role("button", name="Load the demo").click()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()


def test_an_unknown_page_says_so_in_the_same_look(site: Site, visit: Opens):
    page = visit("alice").page
    for path in ("/nowhere", "/components/999", "/rounds/999", "/runs/999", "/recordings/999"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("link", name="To the overview")).to_be_visible()
        if path == "/nowhere":
            expect(page.get_by_text("There is nothing at /nowhere.")).to_be_visible()


def test_axe_finds_nothing_on_pages_without_anything_on_them(site: Site, visit: Opens):
    page = visit("alice").page
    guest = visit().page
    axe = AXE.read_text()
    empty = ("/", "/label", "/montage", "/components", "/map", "/discuss", "/rounds", "/nowhere")
    for one, paths in ((page, empty), (guest, ("/sign-in",))):
        for path in paths:
            one.goto(path)
            if path in ("/label", "/montage"):
                expect(one.get_by_text("There are no recordings yet.")).to_be_visible()
            one.evaluate(axe)
            assert one.evaluate(COMPLAINTS) == [], path


def test_the_browser_of_components_filters_and_pages(site: Site, visit: Opens):
    site.store(recording(components=130, labels=[1, 2, 3, 4, 0] * 26))
    page = visit("alice").page
    page.goto("/components")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(60)
    seen = set(tile_numbers(page))
    page.get_by_role("link", name="Next 60").click()
    expect(tiles.first).to_be_visible()
    assert seen.isdisjoint(tile_numbers(page))
    page.goto("/components")
    page.get_by_label("Label").select_option("2")
    page.get_by_role("button", name="Show").click()
    expect(tiles).to_have_count(26)


def tile_numbers(page: Page) -> list[str]:
    hrefs = page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.href)")
    return [str(href).rsplit("/", 1)[-1] for href in hrefs]


def test_a_labeler_sees_labels_and_prediction_only_after_answering(furnished: Site, visit: Opens):
    furnished.person("bob")
    window = visit("bob")
    page = window.page
    page.goto("/components/1")
    expect(page.get_by_text("Hidden until you have answered")).to_have_count(2)
    expect(page.locator(".chances")).to_have_count(0)
    desk = Desk(page)
    answered = desk.press("1")
    desk.all_saved()
    page.goto(f"/components/{answered}")
    expect(page.get_by_text("Hidden until you have answered")).to_have_count(0)
    expect(page.locator(".chances")).to_have_count(1)
    expect(page.get_by_role("cell", name="bob")).to_be_visible()
    expect(page.get_by_role("cell", name="sorted by hand (file)")).to_be_visible()


def test_importing_a_real_file_shows_what_came_of_it(site: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/import")
    page.set_input_files("#files", shared("caiman/sample_cellset_msr_1.hdf5"))
    row = page.locator("[data-outcome]")
    expect(row).to_contain_text("5 components stored")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="sample_cellset_msr_1")).to_be_visible()
    page.goto("/import")
    page.set_input_files("#files", shared("caiman/sample_cellset_msr_1.hdf5"))
    expect(row).to_contain_text("Already there")


def test_a_file_that_was_chosen_before_the_pages_code_had_come_is_imported(
    site: Site, visit: Opens
):
    page = visit("alice").page

    def chosen_first(route: Route) -> None:
        page.set_input_files("#files", shared("caiman/sample_cellset_msr_1.hdf5"))
        route.continue_()

    page.route("**/import.js", chosen_first)
    page.goto("/import")
    expect(page.locator("[data-outcome]")).to_contain_text("5 components stored")


def test_a_bad_file_gets_its_reason_and_the_next_one_still_comes_in(
    site: Site, visit: Opens, tmp_path: Path
):
    bad, good = tmp_path / "broken.npz", tmp_path / "good.npz"
    bad.write_bytes(b"not a zip at all")
    np.savez(good, masks=recording(components=4).masks)
    page = visit("alice").page
    page.goto("/import")
    page.set_input_files("#files", [bad, good])
    expect(page.locator("[data-outcome=failed]")).to_contain_text("broken.npz")
    expect(page.locator("[data-outcome=done]")).to_contain_text("4 components stored")


def test_an_upload_can_be_cancelled(site: Site, visit: Opens, tmp_path: Path):
    large = tmp_path / "large.npz"
    large.write_bytes(bytes(30_000_000))
    window = visit("alice")
    window.page.route("**/api/v1/recordings", lambda route: None)
    window.page.goto("/import")
    window.page.set_input_files("#files", large)
    window.page.get_by_role("button", name="Cancel").click()
    expect(window.page.locator("[data-outcome]")).to_contain_text("Cancelled. Nothing was stored.")


def test_a_run_that_waits_can_be_cancelled(site: Site, visit: Opens):
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    page = visit("alice").page
    page.goto("/")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_role("heading", name="Training run 1")).to_be_visible()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Somebody stopped this run")).to_be_visible()
