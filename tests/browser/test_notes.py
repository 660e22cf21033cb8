"""Notes on components, and reasons of skips."""

from playwright.sync_api import expect

from app.actions import browsing, noting
from tests.browser.lab import Field, Network, field, site, window
from tests.browser.site import Desk, Visit

__all__ = ["field", "site", "window"]


def test_a_note_is_kept_and_shown_again(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    shown = desk.press("n")
    dialog = desk.page.get_by_role("dialog", name="Note on this component")
    # What is typed is no answer, whatever the digits.
    dialog.get_by_role("textbox").press_sequentially("1 or 2? s")
    desk.page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    desk.all_saved()
    note = noting.own(field.site.context, field.labeler, shown)
    assert note is not None
    assert (note.labeler, note.text) == (field.labeler.name, "1 or 2? s")
    desk.page.reload()
    assert desk.press("n") == shown
    expect(dialog.get_by_role("textbox")).to_have_value("1 or 2? s")
    dialog.get_by_role("textbox").fill("2, I think")
    dialog.get_by_role("button", name="Keep the note").click()
    desk.all_saved()
    assert field.answers() == {}
    view = browsing.get_component(field.site.context, field.site.alice, shown)
    assert [one.text for one in view.notes] == ["2, I think"]
    desk.page.goto(f"/components/{shown}")
    expect(desk.page.locator(".notes")).to_contain_text("2, I think")


def test_neither_escape_nor_a_reload_nor_a_lost_network_loses_what_was_typed(
    field: Field, window: Visit
) -> None:
    network = Network(window)
    desk = Desk(window.page, field.path)
    shown = desk.press("n")
    field_of_text = desk.page.get_by_role("dialog").get_by_role("textbox")
    field_of_text.press_sequentially("half a thought")
    desk.page.keyboard.press("Escape")
    desk.page.reload()
    assert desk.press("n") == shown
    expect(field_of_text).to_have_value("half a thought")
    expect(desk.page.get_by_text("Not sent yet")).to_be_visible()
    network.down = True
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator("[data-saved]")).to_have_text("1 waiting")
    desk.press("n")
    expect(field_of_text).to_have_value("half a thought")
    desk.page.keyboard.press("Escape")
    network.down = False
    desk.all_saved()
    assert noting.own(field.site.context, field.labeler, shown) is not None


def test_a_reason_is_chosen_by_a_key_or_written(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    plain = desk.press("s")
    chosen = desk.press("Shift+S")
    desk.page.keyboard.press("2")
    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    desk.component()
    desk.page.get_by_role("button", name="Skip because").click()
    written = desk.component()
    desk.page.get_by_label("Another reason").press_sequentially("1 of 3 is a vessel")
    desk.page.keyboard.press("Enter")
    desk.all_saved()
    reasons = {
        key: [one.reason for one in browsing.history(field.site.context, field.site.alice, key)]
        for key in (plain, chosen, written)
    }
    assert reasons == {
        plain: [None],
        chosen: ["two components in one"],
        written: ["1 of 3 is a vessel"],
    }
    assert field.answers() == {}
