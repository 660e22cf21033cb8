from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.actions import exporting, montage
from tests.browser.lab import NO_DATABASE, PLAIN_HTTP
from tests.browser.site import PASSWORD, Site, Visit, recording

Opens = Callable[..., Visit]
TILES = ".montage-tile"


@pytest.fixture
def furnished(site: Site) -> Site:
    """Forty components that a run is sure are processes."""
    site.store(recording(components=40))
    site.trained(predicted=2, sure=0.95)
    return site


def opened(page: Page, side: int = 4) -> Page:
    page.add_init_script(
        f"localStorage.getItem('somata.montage.side') ||"
        f" localStorage.setItem('somata.montage.side', '{side}')"
    )
    page.goto("/montage")
    expect(page.locator(TILES).first).to_be_visible()
    return page


def components(page: Page) -> list[int]:
    keys = page.locator(TILES).evaluate_all("all => all.map(tile => tile.dataset.component)")
    return [int(key) for key in keys]


def next_page(page: Page, before: list[int]) -> list[int]:
    expect(page.locator(TILES).first).not_to_have_attribute("data-component", str(before[0]))
    return components(page)


def all_saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_text("all saved")


def test_exceptions_are_marked_and_one_key_confirms_the_rest(furnished: Site, visit: Opens):
    page = opened(visit("alice").page)
    shown = components(page)
    assert len(shown) == 16
    page.keyboard.press("1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("4")
    page.locator(TILES).nth(9).click()
    expect(page.get_by_role("button", name="Confirm 13 processes Enter")).to_be_visible()
    page.keyboard.press("Enter")
    assert set(next_page(page, shown)).isdisjoint(shown)
    all_saved(page)
    expected = {key: [2] for key in shown} | {shown[0]: [1], shown[5]: [4], shown[9]: [4]}
    assert furnished.all_answers() == expected
    told = list(exporting.label_history(furnished.context, furnished.alice))
    assert {one["montage"] for one in told} == {16}
    assert len({one["seconds"] for one in told}) == 1


def test_two_labelers_at_once_never_see_the_same_component(furnished: Site, visit: Opens):
    furnished.person("bob")
    alice, bob = opened(visit("alice").page), opened(visit("bob").page)
    assert set(components(alice)).isdisjoint(components(bob))


def test_a_click_marks_as_the_last_exception_and_a_second_click_unmarks(
    furnished: Site, visit: Opens
):
    page = opened(visit("alice").page)
    tile = page.locator(TILES).nth(3)
    tile.click()
    expect(tile).to_have_attribute("data-mark", "3")
    tile.click()
    expect(tile).to_have_attribute("data-mark", "")
    page.get_by_role("button", name="doubtful neuron 4").click()
    expect(tile).to_have_attribute("data-mark", "4")


def test_keys_are_found_by_their_place_on_other_layouts(furnished: Site, visit: Opens):
    page = opened(visit("alice").page)
    tile = page.locator(TILES).first
    for key, code, mark in (("ы", "KeyS", "skip"), ("&", "Digit1", "1"), ("4", "Numpad4", "4")):
        tile.dispatch_event("keydown", {"key": key, "code": code, "bubbles": True})
        expect(tile).to_have_attribute("data-mark", mark)


def test_one_answer_of_a_confirmed_page_is_mended_and_one_taken_back(furnished: Site, visit: Opens):
    page = opened(visit("alice").page)
    shown = components(page)
    page.keyboard.press("Enter")
    following = next_page(page, shown)
    page.keyboard.press("u")
    assert next_page(page, following) == shown
    page.locator(TILES).nth(0).focus()
    page.keyboard.press("3")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    assert next_page(page, shown) == following
    all_saved(page)
    answers = furnished.all_answers()
    assert answers.pop(shown[0])[-1] == 3
    assert set(answers) == set(shown[2:])


def test_a_whole_page_is_taken_back_also_after_a_reload(furnished: Site, visit: Opens):
    page = opened(visit("alice").page)
    shown = components(page)
    page.keyboard.press("Enter")
    next_page(page, shown)
    all_saved(page)
    page.reload()
    before = components_when_there(page)
    page.keyboard.press("u")
    assert next_page(page, before) == shown
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Confirm 16 processes Enter")).to_be_visible()
    all_saved(page)
    assert furnished.all_answers() == {}


def components_when_there(page: Page) -> list[int]:
    expect(page.locator(TILES).first).to_be_visible()
    return components(page)


def test_what_is_confirmed_without_a_network_is_sent_when_it_is_back(furnished: Site, visit: Opens):
    window = visit("alice")
    page = opened(window.page)
    shown = components(page)
    page.wait_for_load_state("networkidle")
    window.window.set_offline(True)
    page.keyboard.press("Enter")
    # The next page is here already.
    following = next_page(page, shown)
    assert len(following) == 16
    expect(page.locator("[data-saved]")).to_have_text("16 waiting")
    window.window.set_offline(False)
    all_saved(page)
    assert furnished.all_answers() == {key: [2] for key in shown}


def test_two_tabs_of_one_labeler_never_show_the_same_component(furnished: Site, visit: Opens):
    window = visit("alice")
    first = opened(window.page)
    shown = components(first)
    first.wait_for_load_state("networkidle")
    second = opened(window.window.new_page())
    # Forty, of which the first tab has a page on screen and the next one ahead.
    assert len(components(second)) == 8
    assert set(components(second)).isdisjoint(shown)
    first.keyboard.press("Enter")
    assert set(next_page(first, shown)).isdisjoint(components(second))


def test_signing_in_again_in_place_sends_what_was_confirmed(furnished: Site, visit: Opens):
    window = visit("alice")
    page = opened(window.page)
    shown = components(page)
    page.wait_for_load_state("networkidle")
    window.window.clear_cookies()
    page.keyboard.press("Enter")
    following = next_page(page, shown)
    page.get_by_role("button", name="Sign in again").click()
    # Digits and Enter in the dialog mark and confirm nothing.
    page.get_by_label("Password").press_sequentially("14")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_text("do not fit")).to_be_visible()
    assert components(page) == following
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    all_saved(page)
    expect(page.get_by_text("Your session has ended")).to_be_hidden()
    assert furnished.all_answers() == {key: [2] for key in shown}


def test_it_works_over_plain_http_and_says_where_answers_are_kept(furnished: Site, visit: Opens):
    page = visit("alice").page
    page.add_init_script(PLAIN_HTTP + NO_DATABASE)
    shown = components(opened(page))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Answers are kept in its local storage instead")).to_be_visible()
    next_page(page, shown)
    all_saved(page)
    assert furnished.all_answers() == {key: [2] for key in shown}


def test_the_size_is_kept_and_masks_are_one_request(furnished: Site, visit: Opens):
    page = opened(visit("alice").page)
    page.get_by_label("Grid").select_option("6")
    expect(page.locator(TILES)).to_have_count(36)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.reload()
    expect(page.locator(TILES)).to_have_count(36)
    page.wait_for_load_state("networkidle")
    assert len([url for url in asked if url.count(",") >= 35]) == 1


def test_the_large_view_follows_the_pointer_and_a_key_makes_it_larger(
    furnished: Site, visit: Opens
):
    page = opened(visit("alice").page)
    shown = components(page)
    page.locator(TILES).nth(6).hover()
    expect(page.locator("[data-look-name]")).to_contain_text(f"component {shown[6]} ")
    width = page.locator("[data-look-context]").bounding_box()
    page.keyboard.press("Space")
    larger = page.locator("[data-look-context]").bounding_box()
    assert width is not None
    assert larger is not None
    assert larger["width"] > 1.3 * width["width"]
    # A square, so that nothing of what is drawn is cut off.
    assert abs(larger["width"] - larger["height"]) < 1


def test_empty_pages_say_what_to_do(site: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/montage")
    expect(page.get_by_text("There are no recordings yet.")).to_be_visible()
    site.store(recording(components=8))
    page.reload()
    page.get_by_label("Confirm").select_option("1")
    expect(page.get_by_text("only processes can be told")).to_be_visible()
    site.trained(predicted=2, sure=0.6)
    page.reload()
    expect(page.get_by_text("No processes from 90%")).to_be_visible()
    page.get_by_role("link", name="Threshold").last.click()
    page.get_by_label("60%").check()
    page.get_by_role("button", name="Use this threshold").click()
    expect(page.locator(TILES)).to_have_count(8)
    assert montage.outlook(site.context).threshold == 0.6


def test_after_the_last_page_nothing_is_said_to_be_with_others(furnished: Site, visit: Opens):
    page = opened(visit("alice").page, side=8)
    assert len(components(page)) == 40
    # As it is with a slow server: the next page is asked for before these answers are there.
    page.route("**/api/v1/labels", lambda route: None)
    page.keyboard.press("Enter")
    expect(page.get_by_text("All that are sure enough are labeled.")).to_be_visible()
