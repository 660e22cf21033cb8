"""One served lab for all tests of a file: each test has people and a recording of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from app.domain.accounts import Account
from tests.browser.site import Desk, Site, Visit, recording, served

NO_DATABASE = "Object.defineProperty(window, 'indexedDB', {value: undefined});"
# As over plain http from another machine: no locks, no ids made by the browser.
PLAIN_HTTP = """
Object.defineProperty(Navigator.prototype, 'locks', {value: undefined});
crypto.randomUUID = undefined;
"""
_numbers = count(1)


@dataclass
class Field:
    """A recording, and who labels it."""

    site: Site
    id: int
    keys: list[int]
    labeler: Account

    @property
    def path(self) -> str:
        """The desk, on this recording."""
        return f"/label?recording={self.id}"

    def answers(self) -> dict[int, list[int]]:
        """The labels that people gave, by component."""
        found = {key: [label for _, label in self.site.answers(key)] for key in self.keys}
        return {key: labels for key, labels in found.items() if labels}


def _field(site: Site, labels: Sequence[int] | None = None, components: int = 40) -> Field:
    number = next(_numbers)
    name = f"Field {number}"
    before = set(site.components())
    key = site.store(recording(name, components, labels=labels, seed=number))
    keys = sorted(set(site.components()) - before)
    return Field(site, key, keys, site.person(f"person{number}"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served Somata whose admin is alice."""
    with served(tmp_path_factory.mktemp("lab")) as one:
        yield one


@pytest.fixture
def field(site: Site) -> Field:
    """A new recording and a new labeler."""
    return _field(site)


@pytest.fixture
def fields(site: Site) -> Callable[..., Field]:
    """Makes such, e.g. with labels from a file."""
    return lambda **more: _field(site, **more)


@pytest.fixture
def window(browser: Browser, field: Field) -> Iterator[Visit]:
    """A window of that labeler."""
    one = Visit(browser, field.site.address).sign_in(field.labeler.name)
    yield one
    one.window.close()
    assert one.complaints == []


class Network:
    """Between all tabs of a window and the server; a test can take it away."""

    def __init__(self, window: Visit) -> None:
        self.down = False
        self.sent: list[str] = []
        self.posts: list[int] = []
        window.window.route("**/api/v1/**", self._pass)

    def _pass(self, route: Route) -> None:
        request = route.request
        if self.down and request.method == "POST":
            route.abort("internetdisconnected")
            return
        if request.url.endswith("/labels"):
            body: dict[str, Any] = request.post_data_json or {}
            self.sent += [one["id"] for one in body["labels"]]
            self.posts.append(len(body["labels"]))
        route.continue_()


def second_tab(window: Visit, path: str) -> Desk:
    """Another desk in the same browser."""
    page: Page = window.window.new_page()
    page.on("pageerror", lambda error: window.complaints.append(str(error)))
    return Desk(page, path)
