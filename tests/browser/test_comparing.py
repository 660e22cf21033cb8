"""Two real runs, made by a real worker: promoted, compared, and looked at where they disagree."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.actions import accounts, comparing, importing, promoting
from app.domain.accounts import Account, Role
from tests.browser.site import PASSWORD, Site, Visit, recording
from tests.browser.test_rounds import Opens
from tests.support.loop import TINY_TRAINING, train
from tests.support.recordings import small_recording
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "data", worker=True, settings={"worker_threads": 1}).start()
    yield one
    one.close()


def two_real_runs(server: Server) -> tuple[Account, int, int]:
    """Two small runs over 72 components that see some of them differently."""
    for seed, annotator in ((0, "expert"), (1, "expert"), (2, None)):
        made = small_recording(seed=seed, annotator=annotator, name=f"field {seed}")
        importing.store(server.context, None, [made], source="tests")
    secret = accounts.add_person(server.context, "alice", Role.ADMIN)
    alice, _ = accounts.accept_invite(server.context, secret, "alice", PASSWORD)
    with server.client() as client:
        by_all = {"architecture": "fusion", "inputs": ["mask", "trace", "context"], "epochs": 3}
        runs = [train(client, **config)["id"] for config in ({}, by_all)]
    return alice, runs[0], runs[1]


@pytest.mark.slow
def test_two_real_runs_are_compared_and_the_older_one_is_promoted(server: Server, browser: Browser):
    alice, older, newer = two_real_runs(server)
    found, _ = comparing.disagreements(server.context, alice, (newer, older), None, 100)
    assert found, "what sees masks alone and what sees all cannot agree on everything"
    visit = Visit(browser, server.base_url).sign_in("alice")
    page = visit.page
    page.goto("/runs")
    page.get_by_role("button", name="Compare A with B").click()
    looks_like_two_runs(page, len(found))
    page.locator("#disagreements .tile").first.click()
    heading = f"Component {found[0].component}"
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.go_back()
    page.get_by_role("button", name=f"Promote run {older}").click()
    expect(page.get_by_text(f"Run {older} is in use. Promoted by alice")).to_be_visible()
    # The page loads again by itself when the queue is sorted.
    expect(page.get_by_text("The queue and the lists follow")).to_have_count(0, timeout=60_000)
    page.goto(f"/components/{found[0].component}")
    expect(page.get_by_role("link", name=f"run {older}", exact=True)).to_be_visible()
    page.goto("/runs")
    page.get_by_role("button", name="Always use the newest").click()
    expect(page.get_by_text(f"Run {newer} is in use. It is the newest")).to_be_visible()
    assert promoting.serving_run(server.context) == newer
    assert visit.complaints == []
    visit.window.close()


def looks_like_two_runs(page: Page, disagreeing: int) -> None:
    """Everything that issue 3 asks to be side by side is drawn."""
    for name in ("Learning curves", "Confusion matrices", "Calibration", "By class"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("svg.chart")).to_have_count(4)
    expect(page.locator("polyline.held-out.fold")).to_have_count(2 * TINY_TRAINING["folds"])
    expect(page.locator("circle.after").first).to_be_visible()
    expect(page.locator("[data-disagreeing]")).to_have_text(str(disagreeing))
    expect(page.locator("#disagreements .tile")).to_have_count(min(disagreeing, 60))
    thumb = page.locator("#disagreements svg.thumb image").first
    assert thumb.bounding_box() is not None


def test_two_runs_are_chosen_in_the_list_without_a_script(site: Site, visit: Opens):
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    runs = [site.trained(predicted=code) for code in (1, 2, 3)]
    page = visit("alice", java_script_enabled=False).page
    page.goto("/runs")
    expect(page.get_by_label(f"compare run {runs[2]} as A")).to_be_checked()
    expect(page.get_by_label(f"compare run {runs[1]} as B")).to_be_checked()
    page.get_by_label(f"compare run {runs[0]} as B").check()
    page.get_by_role("button", name="Compare A with B").click()
    assert page.url.endswith(f"/runs/compare?a={runs[2]}&b={runs[0]}")
    expect(page.locator("[data-disagreeing]")).to_have_text("30")
    expect(page.locator("#disagreements .opinion").first).to_contain_text("noise")
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_label("A", exact=True)).to_have_value(str(runs[0]))


def test_further_disagreements_are_a_click_away(site: Site, visit: Opens):
    site.store(recording(components=70, labels=[1, 2] * 35))
    older, newer = site.trained(predicted=1), site.trained(predicted=3)
    page = visit("alice").page
    page.goto(f"/runs/compare?a={older}&b={newer}")
    tiles = page.locator("#disagreements .tile")
    expect(tiles).to_have_count(60)
    first = {str(href) for href in tiles.evaluate_all("all => all.map(one => one.href)")}
    page.get_by_role("link", name="Next 60").click()
    expect(tiles).to_have_count(10)
    second = {str(href) for href in tiles.evaluate_all("all => all.map(one => one.href)")}
    assert first.isdisjoint(second)
    page.get_by_role("link", name="From the first").click()
    expect(tiles).to_have_count(60)
