"""What is written into a page's form is not lost where the session, or the server, is gone."""

from uuid import uuid4

from playwright.sync_api import Locator, Page, Route, expect

from app.actions import discussed, discussing, labeling
from app.actions.discussing import Raised
from app.actions.labeling import Answer
from app.domain.accounts import Account
from tests.browser.lab import Field, field, site, window
from tests.browser.site import PASSWORD, Visit
from tests.support.javascript import AXE, COMPLAINTS

__all__ = ["field", "site", "window"]


def put_up(field: Field, colleague: Account) -> int:
    """A component that the labeler of the field put up and both have answered."""
    key = field.keys[0]
    for who, label in ((field.labeler, 1), (colleague, 3)):
        labeling.answer(field.site.context, who, [Answer(uuid4(), key, label)])
    discussing.put_up(field.site.context, field.labeler, Raised(uuid4(), key, "dim"))
    return key


def written(page: Page, key: int) -> Locator:
    """That component on the list, with all of a settlement filled in."""
    page.goto("/discuss")
    row = page.locator(f"#component-{key}")
    row.get_by_role("radio", name="doubtful neuron").check()
    row.get_by_label("Why").fill("a ring, but dim")
    return row


def sign_in_again(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")


def said(field: Field, key: int) -> list[tuple[str, str | None]]:
    found = discussed.find(field.site.context, field.site.alice, key)
    assert found is not None
    return [(turn.kind, turn.text) for turn in found.turns]


def test_a_settlement_after_the_session_ended_goes_out_once_one_is_in_again(
    field: Field, window: Visit
) -> None:
    page = window.page
    colleague = field.site.person(f"colleague of {field.id}")
    key = put_up(field, colleague)
    row = written(page, key)
    window.window.clear_cookies()
    row.get_by_role("button", name="Settle it").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_label("Name")).to_have_value(field.labeler.name)
    page.evaluate(AXE.read_text())
    assert page.evaluate(COMPLAINTS) == []
    page.keyboard.press("Escape")
    expect(row.get_by_label("Why")).to_have_value("a ring, but dim")
    row.get_by_role("button", name="Settle it").click()
    sign_in_again(page)
    expect(page.locator(f"#component-{key}")).to_have_count(0)
    assert said(field, key) == [("raise", "dim"), ("settle", "a ring, but dim")]
    given = [(field.labeler.name, 1), (colleague.name, 3), (field.labeler.name, 4)]
    assert field.site.answers(key) == given


def test_what_is_sent_while_somebody_else_is_signed_in_or_nobody_answers_stays(
    field: Field, window: Visit
) -> None:
    page = window.page
    colleague = field.site.person(f"colleague of {field.id}")
    key = put_up(field, colleague)
    row = written(page, key)
    settle = row.get_by_role("button", name="Settle it")
    notice = page.get_by_role("alert").filter(has_text="What you wrote stays here")

    def lose(route: Route) -> None:
        route.abort("internetdisconnected")

    window.window.route("**/*", lose)
    settle.click()
    expect(notice).to_contain_text("cannot be reached")
    window.window.unroute("**/*", lose)
    window.window.clear_cookies()
    window.sign_in(colleague.name)
    settle.click()
    expect(page.get_by_text(f"{colleague.name} has signed in")).to_be_visible()
    assert said(field, key) == [("raise", "dim")]
    # Another session of one's own, and it goes out without being written again.
    window.window.clear_cookies()
    window.sign_in(field.labeler.name)
    settle.click()
    expect(page.locator(f"#component-{key}")).to_have_count(0)
    assert said(field, key)[1:] == [("settle", "a ring, but dim")]


def test_a_network_that_swallows_everything_is_said_and_what_is_written_stays(
    field: Field, window: Visit
) -> None:
    page = window.page
    key = put_up(field, field.site.person(f"colleague of {field.id}"))
    row = written(page, key)
    settle = row.get_by_role("button", name="Settle it")
    # Neither answered nor refused.
    window.window.route("**/api/**", lambda route: None)
    settle.click()
    notice = page.get_by_role("alert").filter(has_text="What you wrote stays here")
    expect(notice).to_contain_text("cannot be reached", timeout=15_000)
    window.window.unroute_all()
    settle.click()
    expect(page.locator(f"#component-{key}")).to_have_count(0)
    assert said(field, key)[1:] == [("settle", "a ring, but dim")]


def test_taking_off_the_list_after_the_session_ended_asks_for_the_password_in_place(
    field: Field, window: Visit
) -> None:
    page = window.page
    key = field.keys[0]
    labeling.answer(field.site.context, field.labeler, [Answer(uuid4(), key, 1)])
    discussing.put_up(field.site.context, field.labeler, Raised(uuid4(), key, "dim"))
    page.goto("/discuss")
    row = page.locator(f"#component-{key}")
    row.get_by_text("Add a note").click()
    row.get_by_role("textbox", name="Others read it").fill("at the border")
    window.window.clear_cookies()
    row.get_by_role("button", name="Keep the note").click()
    sign_in_again(page)
    expect(row.get_by_role("definition").filter(has_text="at the border")).to_be_visible()
    # The note loaded the page anew: until its scripts run, a form goes out without being held.
    page.wait_for_load_state()
    window.window.clear_cookies()
    row.get_by_role("button", name="Take it off the list").click()
    sign_in_again(page)
    expect(page.locator(f"#component-{key}")).to_have_count(0)
    assert discussed.find(field.site.context, field.site.alice, key) is None
