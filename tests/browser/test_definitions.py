"""The four classes at hand: the panel at the desk and in the montage, and the page."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from app.actions import defining, labeling
from app.actions.labeling import Answer
from app.domain.accounts import Account
from tests.browser.site import Desk, Site, Visit, recording
from tests.support.javascript import AXE, COMPLAINTS

Opens = Callable[..., Visit]


@pytest.fixture
def furnished(site: Site) -> Site:
    """Forty components; of the first twelve Alice and Bob say alike what they are."""
    bob = site.person("bob")
    site.store(recording(components=40))
    for who in (site.alice, bob):
        agree(site, who, site.components()[:12])
    return site


def agree(site: Site, who: Account, components: list[int]) -> None:
    """Answer as everybody does here."""
    answers = [Answer(uuid4(), key, 1 + key % 4) for key in components]
    labeling.answer(site.context, who, answers)


def panel(page: Page):
    return page.get_by_role("dialog", name="The four classes")


def lit(page: Page) -> int:
    """How many of the examples' canvases have something drawn on them."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".definitions-panel .example canvas")].filter(
          canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            .data.some((value, place) => place % 4 < 3 && value > 0)).length"""
    )


def test_one_key_shows_criteria_and_examples_and_closes_them_again(furnished: Site, visit: Opens):
    defining.describe(furnished.context, furnished.alice, 2, "<b>thin</b>\nand long", 0)
    desk = Desk(visit("bob").page)
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url.split("?")[0]))
    shown = desk.component()
    desk.page.keyboard.press("e")
    classes = panel(desk.page).get_by_role("region")
    expect(classes).to_have_count(4)
    expect(classes.nth(0)).to_contain_text("neuron 1")
    expect(classes.nth(0)).to_contain_text("a clear donut or very round")
    expect(classes.nth(1).locator(".criteria")).to_have_text("<b>thin</b>\nand long")
    expect(
        classes.nth(0).get_by_role("img", name="neuron, component 4", exact=True)
    ).to_be_visible()
    expect(classes.get_by_text("2 people agree")).to_have_count(12)
    assert lit(desk.page) == 12
    desk.page.keyboard.press("e")
    expect(panel(desk.page)).to_be_hidden()
    desk.page.keyboard.press("e")
    expect(panel(desk.page)).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(panel(desk.page)).to_be_hidden()
    assert sum(url.endswith("/definitions") for url in asked) == 1, "it is fetched once"
    assert desk.press("3") == shown
    desk.all_saved()
    assert furnished.all_answers()[shown] == [3]


def test_nothing_of_it_is_fetched_before_it_is_asked_for(furnished: Site, visit: Opens):
    window = visit("bob")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    desk = Desk(window.page)
    for _ in range(3):
        desk.press("1")
    desk.all_saved()
    assert not [url for url in asked if "/api/v1/definitions" in url]


def test_no_digit_answers_what_lies_behind_it_and_the_focus_comes_back(
    furnished: Site, visit: Opens
):
    desk = Desk(visit("bob").page)
    shown = desk.component()
    button = desk.page.get_by_role("button", name="Examples e")
    button.click()
    expect(panel(desk.page).get_by_text("2 people agree").first).to_be_visible()
    for key in "1234su":
        desk.page.keyboard.press(key)
    expect(panel(desk.page)).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    assert desk.component() == shown
    desk.press("2")
    desk.all_saved()
    assert furnished.all_answers()[shown] == [2]


def test_who_walks_back_is_not_shown_what_they_are_asked_again(furnished: Site, visit: Opens):
    desk = Desk(visit("bob").page)
    shown = desk.press("1")
    desk.all_saved()
    desk.page.keyboard.press("e")
    own = panel(desk.page).get_by_role("img", name=f"neuron, component {shown}", exact=True)
    expect(own).to_be_visible()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("u")
    assert desk.component() == shown
    desk.page.keyboard.press("e")
    expect(panel(desk.page).get_by_text("2 people agree").first).to_be_visible()
    expect(own).to_have_count(0)


def test_it_opens_from_the_panel_of_keys_with_whatever_key_was_chosen(
    furnished: Site, visit: Opens
):
    page = visit("bob").page
    Desk(page).component()
    page.keyboard.press("?")
    page.get_by_role("button", name="the four classes: criteria and examples").click()
    page.keyboard.press("q")
    opener = page.get_by_role("button", name="The four classes, by criteria")
    opener.click()
    expect(panel(page)).to_be_visible()
    page.keyboard.press("q")
    expect(panel(page)).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    expect(panel(page)).to_be_visible()


def test_a_lost_network_is_said_and_the_next_time_it_is_asked_again(furnished: Site, visit: Opens):
    page = visit("bob").page
    # Well before it is needed: a browser with much to do lets the next request pass.
    page.route("**/api/v1/definitions", lambda route: route.abort())
    Desk(page).component()
    page.keyboard.press("e")
    expect(panel(page).get_by_role("status")).to_contain_text("did not load")
    page.keyboard.press("e")
    page.unroute("**/api/v1/definitions")
    page.keyboard.press("e")
    expect(panel(page).get_by_text("2 people agree").first).to_be_visible()
    expect(panel(page).get_by_role("status")).to_have_text("")


def test_who_has_labeled_nothing_is_told_where_examples_come_from(furnished: Site, visit: Opens):
    furnished.person("carol")
    page = visit("carol").page
    Desk(page).component()
    page.keyboard.press("e")
    expect(panel(page).get_by_text("No example yet")).to_have_count(4)
    expect(panel(page).get_by_role("link")).to_have_count(0)


def test_the_montage_has_it_too_and_confirms_nothing_under_it(furnished: Site, visit: Opens):
    furnished.trained(predicted=2, sure=0.95)
    page = visit("bob").page
    page.goto("/montage")
    expect(page.locator(".montage-tile").first).to_be_visible()
    before = furnished.all_answers()
    page.keyboard.press("e")
    expect(panel(page).get_by_text("2 people agree").first).to_be_visible()
    page.keyboard.press("3")
    # On the button that has the focus, Enter closes; it confirms no page.
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_hidden()
    expect(page.locator(".montage-tile").first).to_be_focused()
    assert furnished.all_answers() == before
    expect(page.locator(".montage-tile[data-mark='3']")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator(".montage-tile[data-mark='1']")).to_have_count(1)


def test_keys_that_were_changed_at_the_desk_hold_in_the_montage(furnished: Site, visit: Opens):
    furnished.trained(predicted=2, sure=0.95)
    page = visit("bob").page
    kept = '{"label1": "q", "skip": "w", "definitions": "y"}'
    page.add_init_script(f"localStorage.setItem('somata.keys', '{kept}')")
    page.goto("/montage")
    tiles = page.locator(".montage-tile")
    expect(tiles.first).to_be_visible()
    expect(page.get_by_role("button", name="neuron q")).to_be_visible()
    page.keyboard.press("q")
    expect(tiles.nth(0)).to_have_attribute("data-mark", "1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("w")
    expect(tiles.nth(1)).to_have_attribute("data-mark", "skip")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    page.keyboard.press("s")
    expect(tiles.nth(2)).to_have_attribute("data-mark", "")
    page.keyboard.press("y")
    expect(panel(page)).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1280, 800), (768, 1024)], ids=["laptop", "tablet"])
def test_it_fits_the_screen_and_axe_finds_nothing(
    furnished: Site, visit: Opens, theme: str, size: tuple[int, int]
):
    for who in (furnished.alice, furnished.person("carol")):
        agree(furnished, who, furnished.components()[12:24])
    page = visit("alice").page
    page.add_init_script(f"localStorage.setItem('somata.theme', '{theme}')")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    Desk(page).component()
    page.keyboard.press("e")
    examples = panel(page).locator(".example")
    expect(examples).to_have_count(24)
    box, mask = examples.last.bounding_box(), page.locator("canvas[data-mask]").bounding_box()
    beside = panel(page).bounding_box()
    assert box is not None
    assert mask is not None
    assert beside is not None
    assert box["y"] + box["height"] <= size[1]
    # Of the mask more than the middle can be seen: what is compared with the examples.
    assert (
        beside["x"] >= mask["x"] + 0.8 * mask["width"]
        or beside["y"] >= mask["y"] + 0.8 * mask["height"]
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.evaluate(AXE.read_text())
    assert page.evaluate(COMPLAINTS) == []


def test_an_admin_writes_criteria_and_another_is_not_overwritten(furnished: Site, visit: Opens):
    page, other = visit("alice").page, visit("alice").page
    for one in (page, other):
        one.goto("/definitions")
        one.get_by_text("Edit the criteria").nth(2).click()
    page.get_by_label("Criteria of noise").fill("Grain.\n<i>No</i> contour.")
    page.get_by_role("button", name="Save").nth(0).click()
    expect(page.locator("#class-3 .criteria")).to_have_text("Grain.\n<i>No</i> contour.")
    other.get_by_label("Criteria of noise").fill("Dim clouds 1 2 3 4.")
    other.get_by_role("button", name="Save").nth(0).click()
    expect(other.get_by_role("alert")).to_contain_text("were changed by alice")
    expect(other.locator("#class-3 .criteria")).to_have_text("Grain.\n<i>No</i> contour.")
    expect(other.get_by_label("Criteria of noise")).to_have_value("Dim clouds 1 2 3 4.")
    other.get_by_role("button", name="Save").nth(0).click()
    expect(other.locator("#class-3 .criteria")).to_have_text("Dim clouds 1 2 3 4.")
    other.get_by_text("Edit the criteria").nth(2).click()
    other.get_by_role("button", name="Back to the usual words").click()
    expect(other.locator("#class-3 .criteria")).to_contain_text("a vague blurred cloud")
    other.get_by_text("What was written before").click()
    expect(other.locator("tbody tr")).to_have_count(3)


def test_an_admin_shows_an_example_to_everybody(furnished: Site, visit: Opens):
    furnished.person("carol")
    page = visit("alice").page
    page.goto("/components/4")
    page.get_by_role("button", name="Show as example of neuron").click()
    expect(page.get_by_role("button", name="No longer show as example of neuron")).to_be_visible()
    carol = visit("carol").page
    Desk(carol).component()
    carol.keyboard.press("e")
    expect(panel(carol).locator(".example")).to_have_count(1)
    page.goto("/definitions")
    page.get_by_role("button", name="Show to all: component 8, neuron").click()
    page.get_by_role("button", name="Take away: component 4, neuron").click()
    carol.reload()
    Desk(carol).component()
    carol.keyboard.press("e")
    expect(panel(carol).get_by_role("img", name="neuron, component 8")).to_be_visible()
