"""Undo walks back through one's own answers, wherever they were given."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from app.actions import rounds
from app.actions.rounds import RoundPlan
from tests.browser.lab import Field, Network, field, fields, site, window
from tests.browser.site import Desk, Visit

__all__ = ["field", "fields", "site", "window"]


@pytest.fixture
def device(browser: Browser, field: Field) -> Iterator[Visit]:
    """Another browser of the same labeler."""
    one = Visit(browser, field.site.address).sign_in(field.labeler.name)
    yield one
    one.window.close()
    assert one.complaints == []


def test_undo_after_a_reload_and_on_another_device_goes_on_backwards(
    field: Field, window: Visit, device: Visit
) -> None:
    desk = Desk(window.page, field.path)
    first, second, third = (desk.press(key) for key in "123")
    desk.all_saved()
    desk.page.reload()
    desk.press("u")
    expect(desk.page.locator(f"[data-component='{third}']")).to_be_visible()
    desk.all_saved()
    elsewhere = Desk(device.page, field.path)
    elsewhere.press("u")
    expect(elsewhere.page.locator(f"[data-component='{second}']")).to_be_visible()
    elsewhere.press("u")
    expect(elsewhere.page.locator(f"[data-component='{first}']")).to_be_visible()
    assert elsewhere.press("4") == first
    assert elsewhere.component() == second, "what was walked back comes again"
    elsewhere.all_saved()
    assert field.answers() == {first: [4]}
    elsewhere.press("u")
    assert elsewhere.component() == first
    elsewhere.press("u")
    expect(elsewhere.page.get_by_text("Nothing to undo here")).to_be_visible()
    elsewhere.all_saved()
    assert field.answers() == {}


def test_undo_walks_from_what_waits_here_to_what_the_server_has(
    field: Field, window: Visit
) -> None:
    network = Network(window)
    desk = Desk(window.page, field.path)
    stored = desk.press("1")
    desk.all_saved()
    network.down = True
    skipped, waits = desk.press("s"), desk.press("2")
    desk.page.reload()
    for shown in (waits, skipped, stored):
        desk.page.keyboard.press("u")
        expect(desk.page.locator(f"[data-component='{shown}']")).to_be_visible()
    network.down = False
    desk.all_saved()
    assert field.answers() == {}


def test_a_digit_pressed_while_undo_looks_labels_nothing(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    labeled = desk.press("1")
    desk.all_saved()
    desk.page.reload()
    desk.component()
    slow = {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1}
    window.window.new_cdp_session(window.page).send("Network.emulateNetworkConditions", slow)
    desk.page.keyboard.press("u")
    desk.page.keyboard.press("2")
    expect(desk.page.locator(f"[data-component='{labeled}']")).to_be_visible()
    desk.all_saved()
    assert field.answers() == {}


def test_without_a_network_undo_says_that_earlier_answers_are_out_of_reach(
    field: Field, window: Visit
) -> None:
    desk = Desk(window.page, field.path)
    shown = desk.component()
    window.page.route("**/api/v1/labels/mine*", lambda route: route.abort())
    desk.press("u")
    expect(desk.page.get_by_text("cannot be reached now")).to_be_visible()
    assert desk.press("2") == shown
    desk.all_saved()
    assert field.answers() == {shown: [2]}


def test_undo_in_a_round_stays_in_it(fields: Callable[..., Field], browser: Browser) -> None:
    field = fields(labels=[3] * 30, components=30)
    field.site.trained(predicted=1)
    plan = RoundPlan("quality", 3, None, field.id)
    opened = rounds.open_round(field.site.context, field.site.alice, plan)
    one = Visit(browser, field.site.address).sign_in(field.labeler.name)
    outside = Desk(one.page, field.path)
    free = outside.press("1")
    outside.all_saved()
    desk = Desk(one.page, f"/rounds/{opened.id}/label")
    inside = desk.press("1")
    expect(desk.page.locator("[data-verdict]")).to_have_text("You answered differently")
    desk.page.keyboard.press("k")
    desk.all_saved()
    assert field.answers()[inside][-2:] == [1, 3]
    desk.page.reload()
    desk.press("u")
    expect(desk.page.locator(f"[data-component='{inside}']")).to_be_visible()
    desk.page.keyboard.press("u")
    expect(desk.page.get_by_text("Nothing to undo here")).to_be_visible()
    desk.all_saved()
    one.window.close()
    left = {key: labels for key, labels in field.answers().items() if labels}
    assert left == {free: [1]}
