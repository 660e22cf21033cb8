"""Whatever happens to network, server, session, tab or person: nothing lost, nothing doubled."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from app.actions import accounts, browsing, importing
from app.domain.accounts import Role
from app.storage.components import Filters
from tests.browser.lab import (
    NO_DATABASE,
    PLAIN_HTTP,
    Field,
    Network,
    field,
    second_tab,
    site,
    window,
)
from tests.browser.site import PASSWORD, Desk, Visit, recording
from tests.support.server import Server

__all__ = ["field", "site", "window"]

SLOW_DATABASE = "indexedDB.open = () => ({})"
IN_DATABASE = """async () => {
  const opened = indexedDB.open("somata", 1);
  await new Promise((done) => { opened.onsuccess = done; });
  const all = opened.result.transaction("outbox").objectStore("outbox").getAll();
  await new Promise((done) => { all.onsuccess = done; });
  return all.result.map((one) => one.body.id);
}"""
IN_JOURNAL = "Object.keys(localStorage).filter((key) => key.startsWith('somata.outbox.'))"


def waiting(desk: Desk, number: int) -> None:
    expect(desk.page.locator("[data-saved]")).to_have_text(f"{number} waiting")


def posted(desk: Desk) -> list[int]:
    """How many answers each request has from now on."""
    posts: list[int] = []

    def note(request: Request) -> None:
        if request.url.endswith("/labels"):
            posts.append(len((request.post_data_json or {})["labels"]))

    desk.page.on("request", note)
    return posts


def test_a_slow_network_makes_nobody_wait(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    desk.component()
    desk.page.wait_for_load_state("networkidle")
    slowed(window)
    posts = posted(desk)
    given = {desk.press(key): [int(key)] for key in "1234"}
    assert desk.page.locator("[data-saved]").text_content() != "all saved"
    desk.all_saved()
    assert field.answers() == given
    # The first leaves at once; what comes while it is under way leaves together.
    assert posts[0] == 1 < max(posts)


def slowed(window: Visit) -> None:
    """Everything takes 300 ms more from now on."""
    slow = {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1}
    window.window.new_cdp_session(window.page).send("Network.emulateNetworkConditions", slow)


def test_the_next_component_is_drawn_by_the_key_itself_whatever_the_network(
    field: Field, window: Visit
) -> None:
    desk = Desk(window.page, field.path)
    desk.component()
    window.page.wait_for_load_state("networkidle")
    slowed(window)
    taken_ms = window.page.evaluate(
        """async () => {
          const work = document.querySelector("[data-work]");
          const taken = [];
          for (let count = 0; count < 12; count += 1) {
            // As fast as twenty answers a second.
            await new Promise((resolve) => setTimeout(resolve, 50));
            const before = work.dataset.component;
            const pressed = performance.now();
            document.dispatchEvent(new KeyboardEvent("keydown", {key: "1", code: "Digit1", bubbles: true}));
            taken.push(work.dataset.component && work.dataset.component !== before ? performance.now() - pressed : Infinity);
          }
          return taken;
        }"""  # noqa: E501
    )
    # 2 ms (p95) of the benchmark, which measures the paint too; here others use the machine.
    assert sorted(taken_ms)[6] < 16
    assert max(taken_ms) < 300
    desk.all_saved()
    assert len(field.answers()) == 12


def test_answers_lie_in_the_database_until_the_server_has_them(field: Field, window: Visit) -> None:
    network = Network(window)
    desk = Desk(window.page, field.path)
    desk.component()
    network.down = True
    given = {desk.press(key): [int(key)] for key in "12"}
    waiting(desk, 2)
    expect(desk.page.locator("body")).to_be_visible()
    desk.page.wait_for_function(f"{IN_JOURNAL}.length === 0")
    assert len(desk.page.evaluate(IN_DATABASE)) == 2
    network.down = False
    desk.all_saved()
    assert field.answers() == given
    desk.page.wait_for_function(f"({IN_DATABASE})().then((all) => all.length === 0)")


@pytest.mark.parametrize("database", ["", SLOW_DATABASE], ids=["written", "not written yet"])
def test_a_tab_that_is_closed_right_after_a_key_has_not_lost_it(
    field: Field, window: Visit, database: str
) -> None:
    network = Network(window)
    window.page.add_init_script(database)
    desk = Desk(window.page, field.path)
    desk.component()
    network.down = True
    shown = desk.press("3")
    window.page.close()
    network.down = False
    again = second_tab(window, field.path)
    assert again.component() != shown
    again.all_saved()
    assert field.answers() == {shown: [3]}
    assert len(network.sent) == 1


def test_the_outbox_of_a_former_version_is_taken_over(field: Field, window: Visit) -> None:
    network = Network(window)
    network.down = True
    window.page.goto("/account")
    body = {"id": "0" * 31 + str(field.id % 10), "component": field.keys[0], "label": 2}
    kept = json.dumps({"kind": "label", "body": body})
    name = f"somata.outbox.{field.labeler.id}.01763900000000.000001.{body['id']}"
    window.page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [name, kept])
    window.page.goto(field.path)
    desk = Desk(window.page, field.path)
    waiting(desk, 1)
    desk.page.wait_for_function(f"{IN_JOURNAL}.length === 0")
    assert len(desk.page.evaluate(IN_DATABASE)) == 1
    network.down = False
    desk.all_saved()
    assert field.answers() == {field.keys[0]: [2]}


def test_what_waits_goes_in_one_request_and_what_is_refused_holds_up_none(
    field: Field, window: Visit
) -> None:
    """An unknown component is refused in its receipt, an unknown label with the whole request."""
    network = Network(window)
    network.down = True
    window.page.goto("/account")
    given = [
        {"id": str(uuid4()), "component": component, "label": label}
        for component, label in zip([*field.keys[:5], 10**9], [1, 9, 2, 3, 4, 1], strict=True)
    ]
    for order, body in enumerate(given):
        name = f"somata.outbox.{field.labeler.id}.0176390000000{order}.000001.{body['id']}"
        kept = json.dumps({"kind": "label", "body": body})
        window.page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [name, kept])
    desk = Desk(window.page, field.path)
    waiting(desk, 6)
    network.down = False
    # Unless it has tried again by itself just now; what came through is counted from the first.
    window.page.evaluate("dispatchEvent(new Event('online'))")
    desk.all_saved()
    # All of them, then one by one as far as the one that spoils the request, then the rest.
    assert network.posts == [6, 1, 1, 4]
    expect(desk.page.get_by_text("There is no component 1000000000")).to_be_visible()
    key = field.keys
    assert field.answers() == {key[0]: [1], key[2]: [2], key[3]: [3], key[4]: [4]}


def test_without_a_database_it_says_so_and_keeps_all_the_same(field: Field, window: Visit) -> None:
    network = Network(window)
    window.page.add_init_script(NO_DATABASE)
    desk = Desk(window.page, field.path)
    desk.component()
    network.down = True
    given = {desk.press(key): [int(key)] for key in "14"}
    expect(desk.page.get_by_text("Answers are kept in its local storage instead")).to_be_visible()
    desk.page.reload()
    waiting(desk, 2)
    network.down = False
    desk.all_saved()
    assert field.answers() == given


def test_it_works_over_plain_http_too(field: Field, window: Visit) -> None:
    window.page.add_init_script(PLAIN_HTTP)
    desk = Desk(window.page, field.path)
    given = {desk.press(key): [int(key)] for key in "123"}
    desk.all_saved()
    assert field.answers() == given


def test_the_error_page_of_a_proxy_refuses_nothing(field: Field, window: Visit) -> None:
    errors = [404, 403]

    def pass_on(route: Route) -> None:
        if errors:
            route.fulfill(status=errors.pop(), content_type="text/html", body="<h1>nginx</h1>")
        else:
            route.continue_()

    window.page.route("**/api/v1/labels", pass_on)
    desk = Desk(window.page, field.path)
    given = {desk.press("2"): [2]}
    desk.all_saved()
    assert errors == []
    assert field.answers() == given


def test_two_tabs_show_different_components_and_each_answer_is_sent_once(
    field: Field, window: Visit
) -> None:
    network = Network(window)
    first = Desk(window.page, field.path)
    first.component()
    second = second_tab(window, field.path)
    second.component()
    network.down = True
    given = {}
    for key in "123":
        for desk in (first, second):
            given[desk.press(key)] = [int(key)]
    assert len(given) == 6
    for desk in (first, second):
        waiting(desk, 6)
    network.down = False
    for desk in (first, second):
        desk.all_saved()
    assert field.answers() == given
    assert len(network.sent) == len(set(network.sent)) == 6


def test_another_tab_sends_what_a_closed_one_left(field: Field, window: Visit) -> None:
    network = Network(window)
    stays = Desk(window.page, field.path)
    stays.component()
    closed = second_tab(window, field.path)
    closed.component()
    network.down = True
    shown = closed.press("4")
    closed.page.close()
    waiting(stays, 1)
    network.down = False
    stays.all_saved()
    assert field.answers() == {shown: [4]}


def test_signing_in_again_in_place_sends_what_waits(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    desk.component()
    window.window.clear_cookies()
    given = {desk.press(key): [int(key)] for key in "21"}
    shown = desk.component()
    waiting(desk, 2)
    desk.page.get_by_role("button", name="Sign in again").click()
    dialog = desk.page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_label("Name")).to_have_value(field.labeler.name)
    # Digits of a password are no answers.
    dialog.get_by_label("Password").press_sequentially("1234")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("do not fit")).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")
    desk.all_saved()
    expect(desk.page.get_by_text("Your session has ended")).to_be_hidden()
    assert desk.component() == shown
    assert field.answers() == given


def test_signing_in_in_another_tab_ends_the_notice(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    desk.component()
    window.window.clear_cookies()
    given = {desk.press("2"): [2]}
    desk.page.get_by_role("button", name="Sign in again").click()
    with window.window.expect_page() as opened:
        desk.page.get_by_role("link", name="Open sign-in in a new tab").click()
    opened.value.get_by_label("Name").fill(field.labeler.name)
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    desk.page.bring_to_front()
    desk.all_saved()
    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    assert field.answers() == given


def test_one_persons_answers_wait_while_another_is_signed_in(field: Field, window: Visit) -> None:
    other = field.site.person(f"guest of {field.id}")
    network = Network(window)
    mine = Desk(window.page, field.path)
    mine.component()
    network.down = True
    given = mine.press("1")
    window.window.clear_cookies()
    window.sign_in(other.name)
    network.down = False
    theirs = second_tab(window, field.path)
    labeled = theirs.press("3")
    theirs.all_saved()
    expect(mine.page.get_by_text(f"{other.name} has signed in")).to_be_visible()
    waiting(mine, 1)
    assert field.site.answers(given) == []
    assert field.site.answers(labeled) == [(other.name, 3)]
    mine.page.get_by_role("button", name="Sign in again").click()
    mine.page.get_by_label("Password").fill(PASSWORD)
    mine.page.get_by_label("Password").press("Enter")
    mine.all_saved()
    assert field.site.answers(given) == [(field.labeler.name, 1)]


@pytest.fixture
def killable(tmp_path: Path) -> Server:
    """A server in a process of its own, with alice and a recording."""
    return Server(tmp_path / "data")


def test_a_server_that_is_killed_and_restarted_while_somebody_labels(
    killable: Server, browser: Browser
) -> None:
    context = killable.context
    secret = accounts.add_person(context, "alice", Role.ADMIN)
    alice, _ = accounts.accept_invite(context, secret, "alice", PASSWORD)
    importing.store(context, None, [recording()], source="test")
    try:
        killable.start()
        killable.settings["port"] = killable.base_url.rpartition(":")[2]
        one = Visit(browser, killable.base_url).sign_in("alice")
        desk = Desk(one.page)
        given = {desk.press(key): [int(key)] for key in "12"}
        killable.kill()
        given |= {desk.press(key): [int(key)] for key in "34"}
        expect(desk.page.locator("[data-saved]")).to_contain_text("waiting")
        killable.start()
        given |= {desk.press("1"): [1]}
        desk.all_saved()
        one.window.close()
    finally:
        killable.close()
    found = browsing.list_components(killable.context, alice, Filters(), "id", None, 50)[0]
    killable.close()
    assert {row.id: [row.label] for row in found if row.people} == given
