"""A server that is sent bad input, and must be none the worse for it."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.domain.accounts import Role
from app.storage.tables import Base
from tests.support.loop import API
from tests.support.server import Server
from tests.web.bad_input.made import MAX_UPLOAD_MB


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("bad-input"), settings={"max_upload_mb": MAX_UPLOAD_MB})
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def rows(server: Server) -> dict[str, int]:
    """How many rows each table has."""
    with server.context.database.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture(autouse=True)
def nothing_is_left_behind(server: Server, client: httpx.Client) -> Iterator[None]:
    """Of each test: no row, no file, and a server that is well."""
    server.token(Role.ADMIN)
    before = rows(server)
    yield
    assert rows(server) == before
    assert client.get(f"{API}/health").json()["status"] == "ok"
    assert wait_for_no_files(server.data_dir / "incoming") == []
    assert "Traceback" not in server.log.read_text()


def wait_for_no_files(folder: Path) -> list[Path]:
    """Files in a folder, after some moments for the server to notice that a client has gone."""
    give_up_at = time.monotonic() + 5
    while (left := list(folder.rglob("*"))) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return left
