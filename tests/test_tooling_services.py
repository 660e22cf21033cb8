"""The real services that the other tests stand on: PostgreSQL and Chromium."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy
from playwright.sync_api import Browser
from sqlalchemy import text

from tests.support import chromium, postgres
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parent.parent


def test_postgres_gives_each_test_an_empty_database(fresh_postgres_database: str):
    engine = sqlalchemy.create_engine(fresh_postgres_database)
    with engine.begin() as connection:
        version = connection.scalar(text("SHOW server_version_num"))
        assert int(str(version)) >= 140000
        connection.execute(text("CREATE TABLE component (id integer)"))
    assert sqlalchemy.inspect(engine).get_table_names() == ["component"]
    engine.dispose()


def test_a_postgres_database_can_be_copied_from_a_prepared_one(postgres: PostgresServer):
    prepared = postgres.create_database()
    engine = sqlalchemy.create_engine(prepared)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE component (id integer)"))
    engine.dispose()
    copy = postgres.create_database(template=str(sqlalchemy.make_url(prepared).database))
    engine = sqlalchemy.create_engine(copy)
    assert sqlalchemy.inspect(engine).get_table_names() == ["component"]
    engine.dispose()
    postgres.drop_database(copy)
    postgres.drop_database(prepared)


def test_the_postgres_server_dies_with_the_tests_that_started_it():
    script = (
        "import os, time; from tests.support.postgres import start_postgres; "
        "server = start_postgres(); print(server.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert (folder / "data" / "postmaster.pid").exists()
        process.kill()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_a_missing_postgres_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "WHEEL", "no_such_package")
    with pytest.raises(postgres.PostgresMissing, match=r"\./somata test"):
        postgres.start_postgres()


def test_the_browser_draws_a_page(browser: Browser):
    page = browser.new_page()
    page.set_content("<button onclick=\"document.title='pressed'\">Neuron</button>")
    page.get_by_role("button", name="Neuron").click()
    assert page.title() == "pressed"
    page.close()


def test_a_chosen_chromium_that_is_none_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOMATA_CHROMIUM", "/no/such/chromium")
    with pytest.raises(chromium.ChromiumMissing, match="SOMATA_CHROMIUM"):
        chromium.find_chromium()


def test_without_root_a_missing_chromium_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(chromium.ChromiumMissing, match="apt-get install chromium"):
        chromium.ensure_chromium()
