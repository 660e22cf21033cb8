"""A site and windows on it; no page may break the security policy or throw."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.site import Site, Visit, served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A served, empty Somata whose admin is alice."""
    with served(tmp_path / "data") as one:
        yield one


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens windows on the site; at the end, none of them may have had anything to complain of."""
    windows: list[Visit] = []

    def opened(name: str | None = None, **options: Any) -> Visit:
        one = Visit(browser, site.address, **options)
        windows.append(one)
        return one if name is None else one.sign_in(name)

    yield opened
    for one in windows:
        one.window.close()
    assert [text for one in windows for text in one.complaints] == []
