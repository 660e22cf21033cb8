"""What a round reveals beside the label, and what two people settle together."""

from collections.abc import Callable
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Page, Response, expect

from app.actions import discussed, discussing, embedding, jobs, labeling, rounds
from app.actions.discussing import Raised
from app.actions.labeling import Answer
from app.actions.rounds import RoundPlan
from tests.browser.lab import Network
from tests.browser.site import Desk, Site, Visit, recording

Opens = Callable[..., Visit]
SWAYING = ("looks-like", "/api/v1/discussions", "/discuss")


def opened(site: Site, size: int = 4) -> int:
    """A round over 24 components that a file calls noise, under a model that says neuron."""
    site.store(recording(components=24, labels=[3] * 24))
    site.trained(predicted=1)
    return rounds.open_round(site.context, site.alice, RoundPlan("quality", size)).id


def embed(site: Site) -> None:
    """What networks would see, made up: on a line, in the order of the keys."""
    embedding.request(site.context)
    job = jobs.claim(site.context, jobs.LANES["embed"])
    assert job is not None
    keys = site.components()
    run = embedding_run(site)
    space = embedding.begin(site.context, job, run, np.zeros((1, 1), np.float32))
    line = np.arange(len(keys), dtype=np.float16)[:, None]
    embedding.store(site.context, job, space, keys, line, np.zeros((len(keys), 2), np.float32))
    embedding.finish(site.context, job, space, len(keys))
    assert jobs.finish(site.context, job, "succeeded")


def embedding_run(site: Site) -> int:
    return rounds.list_rounds(site.context, None, 1)[0].run


def revealed(page: Page) -> None:
    page.locator("[data-reveal]").wait_for(state="visible")


def put_up(site: Site) -> dict[int, list[str | None]]:
    """The reasons of what is open, by component."""
    found = discussed.list_discussions(site.context, site.alice, "open", None, 50)
    return {one.component: [turn.text for turn in one.turns] for one in found}


def test_after_the_answer_it_says_who_gave_the_old_label_and_what_it_looks_like(
    site: Site, visit: Opens
) -> None:
    number = opened(site)
    embed(site)
    window = visit("alice")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    desk = Desk(window.page, f"/rounds/{number}/label")
    shown = desk.component()
    desk.page.wait_for_load_state("networkidle")
    assert not [url for url in asked for word in SWAYING if word in url], "before the answer"
    desk.press("1")
    revealed(desk.page)
    expect(desk.page.locator("[data-given-by]")).to_have_text("by sorted by hand")
    looks = desk.page.locator("[data-looks]")
    expect(looks).to_be_visible()
    rows = looks.locator(".looks-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("neuron")
    expect(rows.nth(1)).to_contain_text("noise")
    links = rows.nth(1).get_by_role("link")
    expect(links).to_have_count(3)
    assert f"/components/{shown}" not in [link.get_attribute("href") for link in links.all()]
    assert links.first.locator("img").evaluate("image => image.decode().then(() => image.width)")
    with window.window.expect_page() as other:
        links.first.click()
    expect(other.value.get_by_role("heading", name="Component", exact=False).first).to_be_visible()
    other.value.close()
    desk.page.keyboard.press("c")
    expect(looks).to_be_hidden()


def test_without_embeddings_it_says_so_quietly_and_the_verdict_is_there(
    site: Site, visit: Opens
) -> None:
    desk = Desk(visit("alice").page, f"/rounds/{opened(site)}/label")
    desk.press("1")
    revealed(desk.page)
    expect(desk.page.get_by_text("embedded yet")).to_be_visible()
    desk.page.keyboard.press("k")
    desk.component()


def test_what_it_looks_like_is_never_waited_for(site: Site, visit: Opens) -> None:
    number = opened(site)
    page = visit("alice").page
    held: list[object] = []
    page.route("**/looks-like*", lambda route: held.append(route))
    desk = Desk(page, f"/rounds/{number}/label")
    first = desk.press("1")
    revealed(page)
    expect(page.locator("[data-looks]")).to_be_hidden()
    page.keyboard.press("c")
    assert desk.component() != first
    assert held


@pytest.mark.parametrize("reason", ["1 of 2 is a vessel", ""])
def test_d_puts_it_up_and_goes_on_and_the_blind_answer_stands(
    site: Site, visit: Opens, reason: str
) -> None:
    number = opened(site)
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("1")
    revealed(desk.page)
    desk.page.keyboard.press("d")
    dialog = desk.page.get_by_role("dialog", name="Put it up for discussion")
    expect(dialog).to_be_visible()
    desk.page.keyboard.type(reason)
    desk.page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    desk.page.locator("[data-reveal]").wait_for(state="hidden")
    assert desk.component() != first
    desk.all_saved()
    assert put_up(site) == {first: [reason]}
    assert site.all_answers() == {first: [1]}


def test_escape_puts_nothing_up_and_what_agrees_can_be_put_up_too(site: Site, visit: Opens) -> None:
    number = opened(site)
    desk = Desk(visit("alice").page, f"/rounds/{number}/label")
    first = desk.press("3")
    revealed(desk.page)
    expect(desk.page.get_by_role("button", name="Keep the old")).to_be_hidden()
    desk.page.keyboard.press("d")
    desk.page.keyboard.press("Escape")
    # It does not go on by itself any more: somebody is thinking.
    desk.page.wait_for_timeout(1200)
    assert desk.component() == first
    assert put_up(site) == {}
    desk.page.get_by_role("button", name="Discuss").click()
    desk.page.get_by_role("button", name="Put it up").click()
    desk.all_saved()
    assert put_up(site) == {first: [""]}


def test_what_is_put_up_offline_arrives_after_a_reload_and_once(site: Site, visit: Opens) -> None:
    number = opened(site)
    window = visit("alice")
    network = Network(window)
    desk = Desk(window.page, f"/rounds/{number}/label")
    desk.component()
    network.down = True
    first = desk.press("1")
    # No reveal comes; that the component is hard is known without it.
    desk.page.keyboard.press("d")
    desk.page.keyboard.type("too dim")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("[data-saved]")).to_have_text("2 waiting")
    desk.page.reload()
    expect(desk.page.locator("[data-saved]")).to_have_text("2 waiting")
    assert put_up(site) == {}
    network.down = False
    desk.page.goto("/")
    Desk(window.page, f"/rounds/{number}/label").all_saved()
    assert put_up(site) == {first: ["too dim"]}
    assert site.all_answers() == {first: [1]}


def test_two_labelers_settle_what_one_put_up(site: Site, visit: Opens) -> None:
    number = opened(site)
    site.person("bob")
    site.person("carol")
    bob = Desk(visit("bob").page, f"/rounds/{number}/label")
    key = bob.press("1")
    revealed(bob.page)
    bob.page.keyboard.press("d")
    bob.page.keyboard.type("a ring, I think")
    bob.page.keyboard.press("Enter")
    bob.all_saved()
    carol = visit("carol").page
    carol.goto("/")
    carol.get_by_role("link", name="Discuss 1").click()
    row = carol.get_by_role("article")
    expect(row).to_contain_text("bob put it up")
    expect(row).to_contain_text("You have not answered it")
    expect(row).not_to_contain_text("a ring, I think")
    expect(row.locator(".answers")).to_have_count(0)
    row.get_by_role("button", name="doubtful neuron").click()
    expect(row).to_contain_text("a ring, I think")
    expect(row.locator(".answers")).to_contain_text("bob")
    row.get_by_text("Add a note").click()
    row.get_by_role("textbox", name="Others read it").fill("hardly brighter than its surroundings")
    row.get_by_role("button", name="Keep the note").click()
    expect(row).to_contain_text("hardly brighter")
    bob.page.goto("/discuss")
    mine = bob.page.get_by_role("article")
    expect(mine).to_contain_text("hardly brighter")
    mine.get_by_role("radio", name="doubtful neuron").check()
    mine.get_by_label("Why").fill("agreed")
    mine.get_by_role("button", name="Settle it").click()
    expect(bob.page.get_by_text("Nothing to discuss")).to_be_visible()
    assert site.answers(key) == [("bob", 1), ("carol", 4), ("bob", 4)]
    carol.goto("/discuss?state=settled")
    expect(row).to_contain_text("bob and carol settled it as doubtful neuron")
    row.get_by_role("link", name=f"Component {key}").click()
    expect(carol.get_by_text("settled by two people")).to_be_visible()
    expect(carol.get_by_role("cell", name="settled with carol")).to_be_visible()
    carol.goto("/discuss?state=settled")
    row.get_by_role("button", name="Put it up again").click()
    expect(row).to_contain_text("carol put it up again")
    # What was settled is no answer to walk back to.
    desk = Desk(bob.page)
    desk.press("u")
    expect(desk.page.get_by_text("Nothing to undo here.")).to_be_visible()


def test_whoever_labels_alone_is_told_what_settling_takes_and_decides_alone(
    site: Site, visit: Opens
) -> None:
    site.store(recording(components=2))
    key = site.components()[0]
    labeling.answer(site.context, site.alice, [Answer(uuid4(), key, 1)])
    discussing.put_up(site.context, site.alice, Raised(uuid4(), key, "dim"))
    page = visit("alice").page
    page.goto("/discuss")
    row = page.get_by_role("article")
    expect(row).to_contain_text("so far nobody else works here")
    expect(row.get_by_role("link", name="Add a second labeler")).to_have_attribute(
        "href", "/people"
    )
    mine = row.get_by_role("form", name="Your new answer")
    mine.get_by_role("button", name="doubtful neuron").click()
    expect(row.locator(".answers")).to_contain_text("doubtful neuron")
    assert site.answers(key) == [("alice", 1), ("alice", 4)]
    site.person("bob")
    page.reload()
    expect(row).to_contain_text("Nobody else has answered it yet")
    page.get_by_role("button", name="Take it off the list").click()
    expect(page.get_by_text("Nothing to discuss")).to_be_visible()


def test_keys_that_were_chosen_before_there_was_this_one_stay(site: Site, visit: Opens) -> None:
    number = opened(site)
    page = visit("alice").page
    Desk(page, f"/rounds/{number}/label").component()
    # As a browser keeps it whose labeler had given `d` to skipping.
    page.evaluate(
        """async () => {
          const { USUAL } = await import("/static/desk/bindings.js");
          const { discuss, ...former } = USUAL;
          localStorage.setItem("somata.keys", JSON.stringify({ ...former, skip: "d" }));
        }"""
    )
    page.reload()
    desk = Desk(page, f"/rounds/{number}/label")
    expect(page.locator(".keys [data-key=skip]")).to_have_text("d")
    desk.press("1")
    revealed(page)
    expect(page.locator("[data-reveal] [data-key=discuss]")).to_have_text("s")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Put it up for discussion")).to_be_visible()


def test_no_response_before_the_answer_tells_what_others_said(site: Site, visit: Opens) -> None:
    number = opened(site)
    embed(site)
    site.person("bob")
    keys = site.components()
    for key in keys:
        discussing.put_up(site.context, site.alice, Raised(uuid4(), key, "swayingly noise"))
    window = visit("bob")
    came: list[Response] = []
    window.page.on("response", lambda response: came.append(response))
    desk = Desk(window.page, f"/rounds/{number}/label")
    shown = desk.component()
    desk.page.wait_for_load_state("networkidle")
    desk.page.keyboard.press("n")
    expect(desk.page.get_by_role("dialog", name="Note on this component")).to_be_visible()
    desk.page.wait_for_load_state("networkidle")
    desk.page.keyboard.press("Escape")
    before = [one.body() for one in came if "/static/" not in one.url]
    assert len(before) >= 3
    telling = (
        b"swayingly",
        b"label_before",
        b"given_by",
        b'"probabilities"',
        b'"predicted"',
        b'"label"',
    )
    assert [word for word in telling for body in before if word in body] == []
    with window.page.expect_response("**/looks-like*") as looks:
        desk.press("1")
    assert f"/components/{shown}/looks-like" in looks.value.url
    revealed(desk.page)
    # The neighbours are still to be asked, and bob has answered none of them.
    assert [one["nearest"] for one in looks.value.json()["classes"]] == [[], []]
