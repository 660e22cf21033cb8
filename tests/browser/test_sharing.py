"""Two people at the desk of one small recording."""

from collections.abc import Callable

from playwright.sync_api import Browser

from tests.browser.lab import Field, fields, site
from tests.browser.site import Desk, Visit

__all__ = ["fields", "site"]


def test_who_comes_second_to_a_small_recording_has_work_too(
    browser: Browser, fields: Callable[..., Field]
) -> None:
    field = fields(components=30)
    other = field.site.person(f"second of {field.id}")
    names = (field.labeler.name, other.name)
    windows = [Visit(browser, field.site.address).sign_in(name) for name in names]
    first = Desk(windows[0].page, field.path)
    # With all that its page fetches ahead.
    first.component()
    second = Desk(windows[1].page, field.path)
    for _ in range(9):
        second.press("2")
    for _ in range(14):
        first.press("1")
    for desk in (first, second):
        desk.all_saved()
    given = list(field.answers().values())
    assert (given.count([1]), given.count([2])) == (14, 9)
    for window in windows:
        window.window.close()
        assert window.complaints == []
