"""Worlds on a fresh database of each engine, as fixtures.

All of a session use one `Database` an engine, whose content is made anew: a new one would connect
anew, and compile every statement anew, which is a fifth of what a small test takes.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.actions.context import Context
from app.settings import Settings
from app.storage import migrate
from app.storage.database import Database
from app.storage.tables import Base, Labeler
from tests.support.postgres import PostgresServer
from tests.support.world import CAST, START, Clock, Nudged, World


def make_world(database: Database, folder: Path) -> World:
    """A world on a database that is migrated and has the cast in it."""
    clock, tasks = Clock(), Nudged()
    url = database.url.render_as_string(hide_password=False)
    settings = Settings(_env_file=None, data_dir=folder, database_url=url)
    return World(Context(database, tasks, settings, clock), clock, tasks)


def prepare(database: Database) -> None:
    """Migrate a database and bring in the cast."""
    migrate.upgrade(database)
    with database.write() as session:
        bring_in_cast(session)


def bring_in_cast(session: Session) -> None:
    """Alice, Bob and Carol, under the keys that their constants have."""
    for who in CAST:
        session.add(Labeler(id=who.id, name=who.name, role=who.role, person=True, created_at=START))
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        # Of keys that were given out by hand PostgreSQL's sequence does not know.
        sequence = f"pg_get_serial_sequence('{Labeler.__tablename__}', 'id')"
        session.connection().exec_driver_sql(f"SELECT setval({sequence}, {len(CAST)})")


def empty(database: Database) -> None:
    """Make a PostgreSQL database as it was when it was prepared.

    Quicker than another copy, and than TRUNCATE, which makes every table and index anew.
    """
    with database.write() as session:
        # The log's own trigger would refuse, as it should.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in Base.metadata.tables:
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"))
        session.execute(text("SET LOCAL session_replication_role = origin"))
        bring_in_cast(session)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with the cast, to be copied."""
    file = tmp_path_factory.mktemp("template") / "somata.db"
    database = Database(f"sqlite:///{file}")
    prepare(database)
    database.dispose()
    return file


@pytest.fixture(scope="session")
def sqlite_lab(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Where each world's file is put, one after the other."""
    return Database(f"sqlite:///{tmp_path_factory.mktemp('lab') / 'somata.db'}")


@pytest.fixture(scope="session")
def postgres_lab(postgres: PostgresServer) -> Iterator[Database]:
    """A migrated PostgreSQL database that the worlds use one after the other."""
    database = Database(postgres.create_database())
    prepare(database)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_world(sqlite_template: Path, sqlite_lab: Database, tmp_path: Path) -> Iterator[World]:
    """A world on SQLite, where only that engine is in question."""
    file = sqlite_lab.file
    assert file is not None
    shutil.copy(sqlite_template, file)
    yield make_world(sqlite_lab, tmp_path)
    sqlite_lab.dispose()
    # Never written over: who should still have it open keeps a file without a name.
    for left in (file, *file.parent.glob(f"{file.name}-*")):
        left.unlink()


@pytest.fixture
def postgres_world(postgres_lab: Database, tmp_path: Path) -> World:
    """A world on PostgreSQL, where only that engine is in question."""
    empty(postgres_lab)
    return make_world(postgres_lab, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> World:
    """A world on each engine in turn."""
    made: World = request.getfixturevalue(f"{request.param}_world")
    return made
