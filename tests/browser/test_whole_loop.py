"""The product in one walk: recordings in, labels, a model, confusing ones back, predictions out."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import PASSWORD, Desk, Visit
from tests.formats.shared_data import shared
from tests.support.server import Server

LABELS = 40
ROUND = 6
TRAINING_MS = 300_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """What `./somata serve` starts: web server and worker."""
    one = Server(tmp_path / "data", worker=True).start()
    yield one
    one.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_whole_loop_on_real_recordings(server: Server, browser: Browser, tmp_path: Path):
    visit = Visit(browser, server.base_url)
    page = visit.page
    become_the_first_admin(page, server)
    import_recordings(page, tmp_path)
    answers = label_by_keyboard(page)
    train(page)
    kept, changed = relabel(page)
    token = make_token(page)
    predictions_match(server.base_url, token, set(answers))
    assert kept + changed == ROUND
    assert visit.complaints == []
    visit.window.close()


def become_the_first_admin(page: Page, server: Server) -> None:
    assert server.invite is not None
    page.goto(server.invite)
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Welcome, alice")).to_be_visible()


def import_recordings(page: Page, tmp_path: Path) -> None:
    """CaImAn's result on its own two-photon movie, and a zipped Suite2p folder."""
    folder = shared("suite2p/inscopix")
    zipped = shutil.make_archive(str(tmp_path / "inscopix"), "zip", folder)
    page.get_by_role("link", name="Import recordings").click()
    page.set_input_files("#files", [shared("arrays/caiman_sue2x.npz"), Path(zipped)])
    done = page.locator("[data-outcome]")
    expect(done).to_have_count(2, timeout=60_000)
    expect(done.filter(has_text="70 components stored")).to_have_count(1)
    expect(done.filter(has_text="54 components stored, 54 with a label")).to_have_count(1)


def label_by_keyboard(page: Page) -> dict[int, int]:
    """Label forty components, in all four classes."""
    desk = Desk(page)
    given = {}
    for number in range(LABELS):
        label = number % 4 + 1
        given[desk.press(str(label))] = label
    desk.all_saved()
    assert len(given) == LABELS
    return given


def train(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("40", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_role("heading", name="Training run")).to_be_visible()
    metrics = page.get_by_role("heading", name="How good are its predictions?")
    expect(metrics).to_be_visible(timeout=TRAINING_MS)


def relabel(page: Page) -> tuple[int, int]:
    """Open a round, answer all of it, keep every other old label; returns kept and changed."""
    page.get_by_role("link", name="Open a round").click()
    page.get_by_label("How many").fill(str(ROUND))
    page.get_by_role("button", name="Open").click()
    page.get_by_role("link", name="Relabel").click()
    desk = Desk(page, page.url)
    for number in range(ROUND):
        desk.press("1")
        page.locator("[data-reveal]").wait_for(state="visible")
        differs = page.locator("[data-verdict]").inner_text() != "Kept"
        page.keyboard.press("k" if differs and number % 2 else "c")
    desk.all_saved()
    page.get_by_role("link", name="The round's outcome").click()
    expect(page.get_by_role("heading", name="Did the labels get better?")).to_be_visible()
    kept, changed = (page.locator(f"[data-{what}]").inner_text() for what in ("kept", "changed"))
    return int(kept), int(changed)


def make_token(page: Page) -> str:
    page.goto("/account")
    page.get_by_label("Name of the token").fill("notebook")
    page.get_by_role("button", name="Make a token").click()
    return page.get_by_label("token", exact=True).input_value()


def predictions_match(address: str, token: str, labeled: set[int]) -> None:
    """Every component has probabilities; out of fold where it has a label."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(
        f"{address}/api/v1/predictions?format=json", headers=headers, trust_env=False
    )
    assert answer.status_code == 200
    rows = answer.json()
    items = rows["items"] if isinstance(rows, dict) else rows
    assert len(items) == 70 + 54
    for row in items:
        assert sum(row["probabilities"]) == pytest.approx(1.0, abs=1e-6)
        assert 0.0 <= row["entropy"] <= 1.3863
    out_of_fold = {row["component"] for row in items if row["out_of_fold"]}
    assert labeled <= out_of_fold
    assert len(out_of_fold) == len(labeled) + 54
