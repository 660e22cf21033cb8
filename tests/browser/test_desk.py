import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.site import Desk, Site, Visit, recording
from tests.support.bundle import unpacked

Opens = Callable[..., Visit]


def test_keys_label_and_move_on_at_once(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    given = {desk.press(key): [int(key)] for key in "1234321"}
    desk.all_saved()
    assert len(given) == 7
    assert site.all_answers() == given
    expect(desk.page.locator("[data-done]")).to_have_text("7")


@pytest.mark.parametrize("code", ["Digit2", "Numpad2"])
def test_the_place_of_the_key_counts_where_its_letter_does_not(site: Site, visit: Opens, code: str):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    # What a French keyboard sends for the key of 2.
    press = "code => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'é', code}))"
    desk.page.evaluate(press, code)
    desk.all_saved()
    assert site.all_answers() == {shown: [2]}


def test_keys_work_whatever_has_the_focus(site: Site, visit: Opens):
    site.store(recording(components=60))
    desk = Desk(visit("alice").page)
    desk.component()
    focusable = "a[href]:visible, button:visible, select:visible, input:visible, summary:visible"
    given: dict[int, list[int]] = {}
    assert desk.page.locator(focusable).count() > 25
    for index in range(desk.page.locator(focusable).count()):
        desk.page.locator(focusable).nth(index).focus()
        given[desk.press("3")] = [3]
    desk.all_saved()
    assert site.all_answers() == given


def test_a_key_held_down_labels_one_component(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    for _ in range(5):
        desk.page.keyboard.down("1")
    desk.page.keyboard.up("1")
    desk.all_saved()
    assert site.all_answers() == {shown: [1]}


def test_nobody_answers_under_the_explanation_of_the_orders(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    explained = desk.page.get_by_text("To begin with: processes stand out")
    desk.page.get_by_label("When to choose which order").click()
    expect(explained).to_be_visible()
    desk.page.keyboard.press("1")
    expect(explained).to_be_hidden()
    assert desk.press("2") == shown
    desk.all_saved()
    assert site.all_answers() == {shown: [2]}


def test_buttons_do_what_their_keys_do(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.component()
    desk.page.get_by_role("button", name="process 2").click()
    desk.all_saved()
    assert site.all_answers() == {shown: [2]}


def test_undo_walks_back_and_shows_each_component_again(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    first, second, third = (desk.press(key) for key in "123")
    desk.press("u")
    assert desk.component() == third
    desk.page.keyboard.press("Control+z")
    assert desk.component() == second
    assert desk.press("4") == second
    assert desk.component() == third
    desk.all_saved()
    assert site.all_answers() == {first: [1], second: [4]}


def test_undo_works_after_a_reload(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    shown = desk.press("1")
    desk.all_saved()
    desk.page.reload()
    desk.press("u")
    assert desk.component() == shown
    desk.all_saved()
    assert site.all_answers() == {}


def test_a_reload_brings_back_what_was_on_screen(site: Site, visit: Opens):
    site.store(recording())
    desk = Desk(visit("alice").page)
    desk.press("1")
    shown = desk.component()
    desk.page.reload()
    assert desk.component() == shown


def test_a_skipped_component_does_not_come_back_to_who_skipped_it(site: Site, visit: Opens):
    site.store(recording(components=5))
    desk = Desk(visit("alice").page)
    skipped = desk.press("s")
    seen = [desk.press("1") for _ in range(4)]
    assert skipped not in seen
    expect(desk.page.get_by_text("No unlabeled components are left")).to_be_visible()
    desk.all_saved()
    assert set(site.all_answers()) == set(seen)


def test_when_all_is_done_it_says_what_to_do_next_and_undo_still_works(site: Site, visit: Opens):
    site.store(recording(components=2))
    desk = Desk(visit("alice").page)
    desk.press("1")
    last = desk.press("2")
    expect(desk.page.get_by_text("Train, then open a round")).to_be_visible()
    desk.page.keyboard.press("u")
    assert desk.component() == last


def test_two_labelers_never_see_the_same_component(site: Site, visit: Opens):
    site.store(recording(components=60))
    site.person("bob")
    desks = [Desk(visit(name).page) for name in ("alice", "bob")]
    seen = [desk.press("1") for _ in range(15) for desk in desks]
    assert len(set(seen)) == 30
    for desk in desks:
        desk.all_saved()
    assert all(len(labels) == 1 for labels in site.all_answers().values())


def test_a_recording_can_be_chosen(site: Site, visit: Opens):
    site.store(recording("Field A", components=6))
    other = site.store(recording("Field B", components=3, seed=1))
    desk = Desk(visit("alice").page)
    desk.component()
    desk.page.get_by_label("Recording").select_option(str(other))
    desk.page.wait_for_timeout(300)
    seen = {desk.press("1") for _ in range(3)}
    expect(desk.page.get_by_text("This recording is done")).to_be_visible()
    assert seen == set(site.components()[6:])


def test_nothing_about_label_or_prediction_reaches_the_page_before_the_answer(
    site: Site, visit: Opens
):
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    site.trained(predicted=2)
    site.person("bob")
    window = visit("bob")
    bodies: dict[str, bytes] = {}
    window.page.on(
        "response",
        lambda answer: (
            bodies.update({answer.url: answer.body()}) if "/api/" in answer.url else None
        ),
    )
    desk = Desk(window.page)
    desk.component()
    desk.page.wait_for_load_state("networkidle")
    (queue,) = (json.loads(body) for url, body in bodies.items() if url.endswith("/queue/next"))
    assert len(queue["items"]) == 15, "half: somebody else may come"
    told = {"component", "recording", "reason", "lease", "expires_at", "urls"}
    assert {key for item in queue["items"] for key in item} == told
    (views,) = (unpacked(body) for url, body in bodies.items() if "/views?" in url)
    shown = {"id", "recording", "source_index", "centroid_px", "mask", "context", "trace"}
    for one in views["components"]:
        assert set(one) == shown | {"average", "most_alike"}
    (field,) = (unpacked(body) for url, body in bodies.items() if "/summary?" in url)
    assert set(field) == {"format", "kind", "pixel_px", "levels"}
    assert len(bodies) == 3
    for telling in ("85%", "0.85", "sorted by hand"):
        assert telling not in desk.page.content()


class Network:
    """A network that a test can take away."""

    def __init__(self, page: Visit) -> None:
        self.down = False
        self.refused = 0
        self.page = page.page
        self.page.route("**/api/v1/**", self._pass)

    def _pass(self, route: Route) -> None:
        if self.down and route.request.method == "POST":
            self.refused += 1
            route.abort("internetdisconnected")
        else:
            route.continue_()

    def has_refused(self) -> None:
        """Waits until the page has tried to send something."""
        for _ in range(100):
            if self.refused:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("The page sent nothing in five seconds.")


def test_a_lost_network_loses_nothing(site: Site, visit: Opens):
    site.store(recording())
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page)
    desk.component()
    network.down = True
    given = {desk.press(key): [int(key)] for key in "1234"}
    expect(desk.page.locator("[data-saved]")).to_have_text("4 waiting")
    assert site.all_answers() == {}
    network.has_refused()
    network.down = False
    desk.all_saved()
    assert site.all_answers() == given


def test_answers_that_wait_survive_a_reload(site: Site, visit: Opens):
    site.store(recording())
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page)
    desk.component()
    network.down = True
    given = {desk.press(key): [int(key)] for key in "12"}
    expect(desk.page.locator("[data-saved]")).to_have_text("2 waiting")
    desk.page.reload()
    network.down = False
    desk.all_saved()
    assert site.all_answers() == given


def test_answers_that_wait_go_out_from_any_other_page(site: Site, visit: Opens):
    site.store(recording())
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page)
    desk.component()
    network.down = True
    given = {desk.press(key): [int(key)] for key in "34"}
    expect(desk.page.locator("[data-saved]")).to_have_text("2 waiting")
    network.down = False
    with desk.page.expect_response("**/api/v1/labels"):
        desk.page.goto("/runs")
    assert site.all_answers() == given


def test_another_person_at_the_same_browser_sends_none_of_my_answers(site: Site, visit: Opens):
    site.store(recording())
    site.person("bob")
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page)
    shown = desk.component()
    network.down = True
    desk.press("1")
    window.page.goto("/runs")
    window.window.clear_cookies()
    network.down = False
    window.sign_in("bob")
    Desk(window.page).component()
    window.page.wait_for_timeout(1500)
    assert site.answers(shown) == []


def test_a_reply_that_is_lost_doubles_nothing(site: Site, visit: Opens):
    site.store(recording())
    window = visit("alice")
    lost: list[int] = []

    def drop_first_replies(route: Route) -> None:
        if len(lost) < 2:
            # The server gets it, commits it, and the browser never hears of it.
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    window.page.route("**/api/v1/labels", drop_first_replies)
    desk = Desk(window.page)
    given = {desk.press(key): [int(key)] for key in "123"}
    desk.all_saved()
    assert lost == [200, 200]
    assert site.all_answers() == given


def test_an_expired_session_keeps_the_answers_until_one_has_signed_in_again(
    site: Site, visit: Opens
):
    site.store(recording())
    window = visit("alice")
    desk = Desk(window.page)
    desk.component()
    window.window.clear_cookies()
    shown = desk.press("2")
    expect(desk.page.get_by_text("Your session has ended")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Sign in again")).to_be_visible()
    window.sign_in("alice")
    desk.page.evaluate("dispatchEvent(new Event('focus'))")
    desk.all_saved()
    assert site.all_answers() == {shown: [2]}


def test_an_undo_never_overtakes_its_answer_when_the_network_comes_back(site: Site, visit: Opens):
    site.store(recording())
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page)
    desk.component()
    network.down = True
    first = desk.press("1")
    desk.press("2")
    desk.press("u")
    second = desk.press("3")
    network.down = False
    desk.all_saved()
    assert site.all_answers() == {first: [1], second: [3]}
