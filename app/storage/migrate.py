"""Bringing a database to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.domain.errors import Conflict
from app.storage.database import Database

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def configuration(database: Database) -> Config:
    """Alembic's configuration; it takes the engine, not a URL, so passwords are not parsed."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["engine"] = database.engine
    return config


def current(database: Database) -> str | None:
    """The revision the database is at; None when it is new."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to a revision.

    Raises Conflict where a newer Somata has migrated the database further than this one knows.
    """
    known = {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}
    now = current(database)
    if now is not None and now not in known:
        raise Conflict(
            f"The database is at revision {now}, which this version of Somata does not know. "
            "Start the newer version that wrote it, or restore a backup."
        )
    command.upgrade(configuration(database), revision)


def is_current(database: Database) -> bool:
    """Whether nothing is left to migrate."""
    return current(database) == ScriptDirectory(str(SCRIPTS)).get_current_head()


def ping(database: Database) -> None:
    """Raise the driver's error where the database does not answer."""
    with database.read() as session:
        session.execute(text("SELECT 1"))
