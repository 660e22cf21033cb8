"""Pace without pressure: time without idling, and a pause that one may take."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from app.actions import browsing
from tests.browser.lab import Field, field, site, window
from tests.browser.site import Desk, Visit

__all__ = ["field", "site", "window"]

# How long the module finds that somebody worked, given signs of life, hiding, and the clock.
WORKED = """async (steps) => {
  const { Working } = await import("/static/desk/working.js");
  let now = 0;
  const working = new Working(() => now);
  for (const [at, what] of steps) {
    now = at * 1000;
    if (what === "sign") working.sign();
    else working.turn(what === "hide");
  }
  return working.since(0) / 1000;
}"""


def test_idle_and_hidden_time_is_no_work(field: Field, window: Visit) -> None:
    window.page.goto("/account")

    def worked(*steps: tuple[float, str]) -> float:
        return float(window.page.evaluate(WORKED, list(steps)))

    assert worked((10, "sign"), (35, "sign")) == 35
    assert worked((100, "sign")) == 30, "half a minute without a sign, then idle"
    assert worked((100, "sign"), (110, "sign")) == 40
    assert worked((10, "hide"), (70, "show"), (75, "sign")) == 15
    assert worked((50, "hide"), (60, "show")) == 30


def test_seconds_are_those_of_looking(field: Field, window: Visit) -> None:
    window.page.clock.install()
    desk = Desk(window.page, field.path)
    desk.component()
    window.page.clock.fast_forward(10_000)
    quick = desk.press("1")
    desk.component()
    window.page.clock.fast_forward(3_600_000)
    away = desk.press("2")
    desk.all_saved()
    seconds = {
        key: browsing.history(field.site.context, field.site.alice, key)[0].seconds or 0.0
        for key in (quick, away)
    }
    assert 10 <= seconds[quick] < 14
    assert 29.9 <= seconds[away] < 34


def work(page: Page, minutes: int) -> None:
    for _ in range(minutes * 2):
        page.clock.fast_forward(30_000)
        page.keyboard.press("Shift")


def test_after_45_minutes_of_work_a_pause_is_offered_and_forced_on_nobody(
    field: Field, window: Visit
) -> None:
    # In the past, so that the leases of the real server do not end on the way.
    window.page.clock.install(time=datetime.now(UTC) - timedelta(hours=3))
    window.page.emulate_media(reduced_motion="reduce")
    desk = Desk(window.page, field.path)
    shown = desk.component()
    offered = desk.page.get_by_text("45 minutes of work")
    work(desk.page, 30)
    desk.page.clock.fast_forward(20 * 60_000)
    desk.page.keyboard.press("Shift")
    work(desk.page, 40)
    expect(offered).to_be_hidden()
    desk.page.reload()
    desk.component()
    work(desk.page, 7)
    expect(offered).to_be_visible()
    motion = "getComputedStyle(document.querySelector('[data-pause]')).animationName"
    assert desk.page.evaluate(motion) == "none"
    # One may go on beneath it.
    assert desk.press("1") == shown
    expect(offered).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(offered).to_be_hidden()
    work(desk.page, 5)
    expect(offered).to_be_hidden()


def test_done_and_left_follow_answers_and_undo(field: Field, window: Visit) -> None:
    desk = Desk(window.page, field.path)
    desk.press("1")
    desk.press("2")
    done, left = desk.page.locator("[data-done]"), desk.page.locator("[data-remaining]")
    expect(done).to_have_text("2")
    expect(left).to_have_text(f"{len(field.keys) - 2} left")
    desk.press("u")
    expect(done).to_have_text("1")
    expect(left).to_have_text(f"{len(field.keys) - 1} left")
