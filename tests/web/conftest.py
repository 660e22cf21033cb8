"""Fixtures of the web tests."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.support.loop import trained_folder, trained_server
from tests.support.world import World
from tests.web.sites import Site, make_site

__all__ = ["trained_folder", "trained_server"]


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """No log on the terminal; printing a traceback with all its values takes seconds."""
    with capture_logs():
        yield


@pytest.fixture
def site(sqlite_world: World) -> Iterator[Site]:
    """The web application on a fresh SQLite world."""
    made = make_site(sqlite_world)
    yield made
    made.close()
