"""A backup is one file: a consistent copy of the SQLite database, taken while it is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

from app.actions.context import Context
from app.domain.errors import Conflict, InvalidInput, UnreadableFile

POSTGRES_ADVICE = "The database is PostgreSQL. Use its own pg_dump and pg_restore."


def backup(context: Context, target: Path) -> int:
    """Write the database to a new file; returns its size in bytes.

    Raises InvalidInput on PostgreSQL, Conflict where the file exists.
    """
    source = context.database.file
    if source is None:
        raise InvalidInput(POSTGRES_ADVICE)
    if target.exists():
        raise Conflict(f"{target} exists already. Choose another name or remove it.")
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent}. Make it first.")
    # Half a backup must never look like a whole one.
    partial = target.with_name(target.name + ".partial")
    try:
        _copy(source, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def restore(data_file: Path, backup_file: Path, *, replace: bool) -> Path | None:
    """Put a backup in the database's place; returns where the old database was kept, if any.

    The caller makes sure that no server is running. Raises UnreadableFile where the file is no
    Somata database or is damaged, Conflict where a database is there and `replace` is not set.
    """
    _check(backup_file)
    if data_file.exists() and not replace:
        raise Conflict(
            f"{data_file} holds a database already. Add --replace; it is kept beside the new one."
        )
    data_file.parent.mkdir(parents=True, exist_ok=True)
    partial = data_file.with_name(data_file.name + ".restoring")
    try:
        _copy(backup_file, partial)
        kept = _set_aside(data_file) if data_file.exists() else None
        # SQLite would play a former database's log into the new one.
        for ending in ("-wal", "-shm"):
            data_file.with_name(data_file.name + ending).unlink(missing_ok=True)
        partial.replace(data_file)
    finally:
        partial.unlink(missing_ok=True)
    return kept


def _set_aside(data_file: Path) -> Path:
    number = 1
    while (kept := data_file.with_name(f"{data_file.name}.before-restore-{number}")).exists():
        number += 1
    # Copied through SQLite, so that what is still in the write-ahead log comes along.
    _copy(data_file, kept)
    return kept


def _copy(source: Path, target: Path) -> None:
    with (
        closing(_open_to_read(source)) as reader,
        closing(sqlite3.connect(target)) as writer,
    ):
        reader.backup(writer)
        # One file, readable where nothing can be written beside it, e.g. on a read-only disk.
        writer.execute("PRAGMA journal_mode = DELETE")


def _open_to_read(file: Path) -> sqlite3.Connection:
    # A name may hold ? or #, which mean something else in an address.
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def _check(file: Path) -> None:
    if not file.is_file():
        raise UnreadableFile(file.name, "there is no such file.")
    try:
        with closing(_open_to_read(file)) as reader:
            sound = reader.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            ours = reader.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('label_event','alembic_version')"
            ).fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise UnreadableFile(file.name, f"is no SQLite database ({error}).") from error
    if not sound or ours != 2:
        raise UnreadableFile(file.name, "is damaged or was not written by somata backup.")
