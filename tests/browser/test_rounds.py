from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.actions import rounds
from app.actions.rounds import RoundPlan
from tests.browser.site import Desk, Site, Visit, recording

Opens = Callable[..., Visit]


def opened(site: Site, size: int = 6, labels: tuple[int, ...] = (1, 2, 3, 4)) -> int:
    """A round over components labeled by hand, under a model that takes all for neurons."""
    site.store(recording(components=24, labels=(labels * 24)[:24]))
    site.trained(predicted=1)
    return rounds.open_round(site.context, site.alice, RoundPlan("quality", size)).id


def revealed(page: Page) -> None:
    page.locator("[data-reveal]").wait_for(state="visible")


def test_an_answer_that_differs_reveals_the_old_label_and_the_models_opinion(
    site: Site, visit: Opens
):
    number = opened(site, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    desk.press("1")
    revealed(desk.page)
    expect(desk.page.locator("[data-verdict]")).to_have_text("You answered differently")
    expect(desk.page.locator("[data-before]")).to_have_text("noise")
    expect(desk.page.locator("[data-answer]")).to_have_text("neuron")
    expect(desk.page.locator("[data-chance-text='1']")).to_have_text("85%")
    expect(desk.page.locator("[data-entropy]")).to_contain_text("entropy 0.59")


def test_change_keeps_the_new_answer_and_keep_returns_to_the_old_one(site: Site, visit: Opens):
    number = opened(site, size=3, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    changed = desk.press("1")
    revealed(desk.page)
    desk.page.keyboard.press("c")
    kept = desk.press("2")
    assert kept != changed
    revealed(desk.page)
    desk.page.keyboard.press("k")
    entered = desk.press("4")
    revealed(desk.page)
    desk.page.keyboard.press("Enter")
    desk.all_saved()
    assert site.all_answers() == {changed: [1], kept: [2, 3], entered: [4]}
    desk.page.goto(f"/rounds/{number}")
    expect(desk.page.locator("[data-kept]")).to_have_text("1")
    expect(desk.page.locator("[data-changed]")).to_have_text("2")


def test_the_same_answer_is_shown_as_kept_and_moves_on_by_itself(site: Site, visit: Opens):
    number = opened(site, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("3")
    revealed(desk.page)
    expect(desk.page.locator("[data-verdict]")).to_have_text("Kept")
    desk.page.locator("[data-reveal]").wait_for(state="hidden")
    assert desk.component() != first
    desk.all_saved()
    assert site.all_answers() == {first: [3]}


def test_digits_do_nothing_while_an_answer_is_revealed(site: Site, visit: Opens):
    number = opened(site, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("1")
    revealed(desk.page)
    desk.page.keyboard.press("2")
    desk.page.keyboard.press("4")
    desk.all_saved()
    assert site.all_answers() == {first: [1]}


def test_undo_while_revealed_asks_the_same_component_blind_again(site: Site, visit: Opens):
    number = opened(site, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("1")
    revealed(desk.page)
    desk.page.keyboard.press("u")
    desk.page.locator("[data-reveal]").wait_for(state="hidden")
    assert desk.component() == first
    desk.press("3")
    desk.all_saved()
    assert site.all_answers() == {first: [3]}


def test_undo_after_keep_takes_both_events_back(site: Site, visit: Opens):
    number = opened(site, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("1")
    revealed(desk.page)
    desk.page.keyboard.press("k")
    desk.press("u")
    assert desk.component() == first
    desk.all_saved()
    assert site.all_answers() == {}


def test_at_the_end_of_a_round_its_outcome_is_one_click_away(site: Site, visit: Opens):
    number = opened(site, size=2, labels=(3,))
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    for _ in range(2):
        desk.press("3")
        revealed(desk.page)
        desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_text("This round has nothing left for you")).to_be_visible()
    desk.all_saved()
    desk.page.get_by_role("link", name="The round's outcome").click()
    expect(desk.page.get_by_role("heading", name="What was kept and changed")).to_be_visible()
    expect(desk.page.locator("[data-kept]")).to_have_text("2")


def test_an_admin_opens_a_round_and_closes_it(site: Site, visit: Opens):
    site.store(recording(labels=[1, 2, 3, 4, 1] * 6))
    site.trained(predicted=2)
    page = visit("alice").page
    page.goto("/rounds")
    page.get_by_label("How many").fill("5")
    page.get_by_label("Title (optional)").fill("Monday")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Monday")).to_be_visible()
    expect(page.get_by_text("of 5")).to_be_visible()
    page.get_by_role("button", name="Close the round").click()
    expect(page.get_by_role("link", name="Relabel")).to_have_count(0)


def test_without_a_model_the_rounds_page_says_what_to_do_first(site: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/rounds")
    expect(page.get_by_text("A round needs a trained model")).to_be_visible()


def test_a_round_of_one_recording_can_be_opened(site: Site, visit: Opens):
    site.store(recording("Field A", labels=[1] * 30))
    site.store(recording("Field B", components=4, labels=[3] * 4, seed=1))
    site.trained(predicted=2)
    page = visit("alice").page
    page.goto("/rounds")
    page.get_by_label("Recording").select_option(label="Field B")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("of 4")).to_be_visible()
