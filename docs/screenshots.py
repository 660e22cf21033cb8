"""Makes the screenshots of docs/screenshots from the demo, through a real server and worker.

Run from the project's root, with the development requirements: `python -m docs.screenshots`.
It loads the demo, labels, trains twice (a few minutes each), opens a round, compares the runs and
walks through the pages.
"""

import tempfile
from pathlib import Path
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from app.actions import accounts, browsing, discussed, discussing, embedding, labeling, noting
from app.actions.discussing import Raised
from app.actions.labeling import Answer
from app.actions.noting import Noted
from app.domain.accounts import Account, Role
from app.storage.components import Filters
from tests.browser.site import PASSWORD, Desk, Visit
from tests.support.chromium import ARGUMENTS, ensure_chromium
from tests.support.server import Server

FOLDER = Path(__file__).parent / "screenshots"
COLOURS = 256
LABELS = 24
HARD = ("A ring, but dim?", "Two in one?", "Cut off by the edge")
"""Why components of the round are put up for discussion."""
TRAINING_MS = 1_800_000
PAGES = {
    "rounds": "/rounds",
    "runs": "/runs",
    "threshold": "/montage/threshold",
    "recording": "/recordings/1",
    "component": "/components/1",
    "import": "/import",
    "people": "/people",
    "account": "/account",
    "tuning": "/tuning",
    "not-found": "/nowhere",
}
"""Those that nothing is done on."""
UPRIGHT = ViewportSize(width=820, height=1180)
ON_A_TABLET = {"desk": "/label", "montage": "/montage", "discuss": "/discuss"}


def main() -> None:
    """Make every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder), worker=True).start()
        browser = playwright.chromium.launch(
            executable_path=ensure_chromium(), args=list(ARGUMENTS)
        )
        try:
            walk(server, Visit(browser, server.base_url, color_scheme="dark").page)
        finally:
            browser.close()
            server.close()


def walk(server: Server, page: Page) -> None:
    """From the first sign-in to the outcome of a round."""
    alice = become_admin(server, page)
    keep(page, "first-start")
    page.get_by_role("button", name="Load the demo").click()
    expect(page.get_by_role("link", name="Start labeling")).to_be_visible(timeout=120_000)
    label(server, alice, page)
    page.goto("/")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("fold 2 of 5")).to_be_visible(timeout=TRAINING_MS)
    keep(page, "training")
    done = page.get_by_role("heading", name="How good are its predictions?")
    expect(done).to_be_visible(timeout=TRAINING_MS)
    keep(page, "run")
    relabel(server, alice, page)
    discuss(server, alice, page)
    compare(page)
    page.goto("/components?order=entropy")
    page.wait_for_load_state("networkidle")
    keep(page, "components")
    sorted_out(page)
    at_hand(page)
    page.goto("/")
    keep(page, "overview")
    for name, path in PAGES.items():
        page.goto(path)
        settle(page)
        keep(page, name)
    in_trouble(page)
    page.get_by_role("button", name="Dark or light").click()
    page.goto("/label")
    Desk(page).component()
    settle(page)
    keep(page, "desk-light")
    page.set_viewport_size(UPRIGHT)
    for name, path in ON_A_TABLET.items():
        page.goto(path)
        settle(page)
        keep(page, f"tablet-{name}")


def become_admin(server: Server, page: Page) -> Account:
    """Sign up as the first admin, and be known to the actions as well."""
    assert server.invite is not None
    page.goto(server.invite)
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Welcome, alice")).to_be_visible()
    account, _ = accounts.sign_in(server.context, "alice", PASSWORD)
    assert account.role is Role.ADMIN
    return account


def label(server: Server, alice: Account, page: Page) -> None:
    """Answer as the demo's annotators did, so that the counts look like work."""
    desk = Desk(page)
    for _ in range(LABELS):
        desk.press(str(said(server, alice, desk.component()) or 3))
        page.wait_for_timeout(700)
    desk.component()
    settle(page)
    keep(page, "desk")
    desk.all_saved()


def relabel(server: Server, alice: Account, page: Page) -> None:
    """A round in which some answers change; the picture is of the first that does."""
    # What looks alike is known some time after the training.
    while embedding.shown(server.context) is None:
        page.wait_for_timeout(1000)
    page.get_by_role("link", name="Open a round").click()
    page.get_by_label("How many").fill("30")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("link", name="Relabel").click()
    desk = Desk(page, page.url)
    hard = list(HARD)
    for number in range(24):
        component = desk.component()
        found = browsing.get_component(server.context, alice, component)
        assert found.prediction is not None
        answer = found.prediction.predicted if number % 3 else found.label
        desk.press(str(answer))
        page.locator("[data-reveal]").wait_for(state="visible")
        if answer == found.label or not hard:
            page.keyboard.press("c")
            continue
        if len(hard) == len(HARD):
            page.locator("[data-looks]").wait_for(state="visible")
            settle(page)
            keep(page, "reveal")
        page.keyboard.press("d")
        page.keyboard.type(hard.pop(0))
        page.keyboard.press("Enter")
    desk.all_saved()
    page.goto("/rounds/1")
    keep(page, "round")


def discuss(server: Server, alice: Account, page: Page) -> None:
    """What was put up in the round, and what another labeler says of it; one is theirs alone."""
    context = server.context
    secret = accounts.add_person(context, "bob", Role.LABELER)
    bob, _ = accounts.accept_invite(context, secret, "bob", PASSWORD)
    (first, second, *_) = discussed.list_discussions(context, alice, "open", None, 9)
    for one in (first, second):
        answer = Answer(uuid4(), one.component, one.answers[0].label)
        labeling.answer(context, bob, [answer])
    noting.write(
        context, bob, Noted(uuid4(), first.component, "Let us look at the trace together.")
    )
    others, _ = browsing.list_components(context, alice, Filters(), "id", None, 9)
    mine = Answer(uuid4(), others[-1].id, 2)
    labeling.answer(context, bob, [mine])
    discussing.put_up(context, bob, Raised(uuid4(), mine.component, "A dendrite?"))
    page.goto("/discuss")
    settle(page)
    keep(page, "discuss")


def compare(page: Page) -> None:
    """Train again on the changed labels and put the two runs side by side."""
    page.goto("/rounds/1")
    page.get_by_role("button", name="Train again").click()
    done = page.get_by_role("heading", name="How good are its predictions?")
    expect(done).to_be_visible(timeout=TRAINING_MS)
    page.goto("/runs")
    page.get_by_role("button", name="Compare A with B").click()
    page.get_by_role("link", name="Swap").click()
    settle(page)
    keep(page, "compare")
    page.evaluate("document.querySelector('#disagreements').scrollIntoView()")
    settle(page)
    keep(page, "disagreements")


def sorted_out(page: Page) -> None:
    """What is sure, to be confirmed a page at a time, and everything in a plane."""
    page.goto("/montage")
    page.locator("[data-class]").select_option("1")
    settle(page)
    keep(page, "montage")
    page.goto("/map")
    page.locator("[data-map][data-ready]").wait_for(timeout=TRAINING_MS)
    page.locator("[data-colour]").select_option("predicted")
    settle(page)
    keep(page, "map")


def at_hand(page: Page) -> None:
    """The four classes: beside the mask, and where an admin edits them."""
    Desk(page).component()
    page.keyboard.press("e")
    page.locator(".definitions-panel .example canvas").first.wait_for()
    settle(page)
    keep(page, "definitions")
    page.keyboard.press("Escape")
    page.goto("/definitions")
    page.get_by_role("button", name="Show to all").first.click()
    settle(page)
    keep(page, "definitions-edit")


def in_trouble(page: Page) -> None:
    """All keys; then no network, nothing here yet, and a session that has ended."""
    desk = Desk(page)
    desk.component()
    settle(page)
    page.keyboard.press("?")
    keep(page, "keys")
    page.keyboard.press("Escape")
    cut_off = "**/api/v1/**"
    page.route(cut_off, lambda route: route.abort("internetdisconnected"))
    desk.press("3")
    expect(page.locator("[data-saved]")).to_have_text("1 waiting")
    keep(page, "waiting")
    page.goto("/label")
    expect(page.get_by_text("No connection")).to_be_visible()
    keep(page, "desk-without-network")
    page.unroute(cut_off)
    desk.component()
    desk.all_saved()
    page.goto("/discuss")
    settle(page)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("radio", name="process").first.check()
    page.get_by_role("button", name="Settle it").first.click()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    keep(page, "sign-in-again")
    page.context.add_cookies(cookies)
    page.goto("/")


def said(server: Server, alice: Account, component: int) -> int | None:
    """What the annotators' consensus of a component is."""
    return browsing.get_component(server.context, alice, component).label


def settle(page: Page) -> None:
    """Let surroundings, trace and fonts arrive."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)


def keep(page: Page, name: str) -> None:
    """A picture of the window, in few colours: it is read at a glance, and kept in git."""
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        # This way keeps colours that are rare in the picture, as those of the classes are.
        few = picture.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    few.save(file, optimize=True)


if __name__ == "__main__":
    main()
