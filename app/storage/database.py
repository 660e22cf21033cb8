"""Engines and transactions: how the rest of storage reaches the database."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from app.storage.together import Given, Result, Together

# Any numbers that no other user of the same PostgreSQL database is likely to lock.
EVENT_LOG_LOCK = 0x536F6D61
QUEUE_LOCK = 0x536F6D62
MIGRATION_LOCK = 0x536F6D63
JOBS_LOCK = 0x536F6D64

BUSY_TIMEOUT_MS = 30_000

# On SQLite, at most, for each connection. There is one that writes, but many read at once, and
# what they read lies in the system's own cache.
WRITER_CACHE_MB = 64
READER_CACHE_MB = 4


class Database:
    """One database and the ways to reach it: transactions that `read` or `write`, and `ask`.

    On SQLite a write begins with BEGIN IMMEDIATE, so it never fails half way for want of the
    lock, and writers of one process wait for each other on a Python lock: SQLite's own waiting
    polls with sleeps, which is slow and unfair under twenty clients.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        self._together: Together | None = None
        if self.is_sqlite:
            self._asking = _sqlite_engine(url, None, READER_CACHE_MB)
            self._reading = _sqlite_engine(url, "BEGIN", READER_CACHE_MB)
            # FULL: an acknowledged label survives a power cut, not only a killed process.
            self._writing = _sqlite_engine(url, "BEGIN IMMEDIATE", WRITER_CACHE_MB, "FULL")
            self._noting = _sqlite_engine(url, "BEGIN IMMEDIATE", WRITER_CACHE_MB)
            self._together = Together(self._writer, lambda: _begun(self._writing))
        else:
            self._writing = self._noting = create_engine(
                url, pool_size=20, max_overflow=40, pool_pre_ping=True
            )
            # By default each statement of a transaction would see another state.
            self._reading = self._writing.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._asking = self._writing.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def engine(self) -> Engine:
        """The engine that writes; for migrations and tests."""
        return self._writing

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """For a single statement that reads: a transaction around it would cost more than it."""
        with self._asking.connect() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads: one consistent view, never blocked by writers."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends, and undone if it raises.

        Handlers open it inside themselves, so that what they answer is already on disk.
        """
        with self._transaction(self._writing) as session:
            yield session

    @contextmanager
    def note(self) -> Iterator[Session]:
        """A `write` that a power cut may take back, for what is worthless after one: leases and
        signs of life. It does not wait for the disk.
        """
        with self._transaction(self._noting) as session:
            yield session

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Session]:
        with self._writer if self.is_sqlite else nullcontext(), _begun(engine) as session:
            yield session

    def write_together(
        self, work: Callable[[Session, Sequence[Given]], Sequence[Result]], given: Given
    ) -> Result:
        """Do `work` in a transaction that callers who wait at the same time share.

        work: a function of the session and of what each caller gave, that returns a result for
        each. It may be called again where it failed for several: then for each alone.
        Returns, or raises what `work` raised, when the commit is done.
        """
        if self._together is None:
            with self.write() as session:
                return work(session, [given])[0]
        result: Result = self._together.do(work, given)
        return result

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self._asking, self._reading, self._writing, self._noting):
            engine.dispose()


@contextmanager
def _begun(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Switch the file to its write-ahead log, if it is not yet.

    Raises sqlite3.OperationalError where others hold the file for longer than anybody waits.
    """
    last_try = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Two first connections to a new file: for this switch SQLite refuses and never waits.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last_try:
                raise
            time.sleep(0.01)
        else:
            return


def _sqlite_engine(
    url: str, begin: str | None, cache_mb: int, synchronous: str = "NORMAL"
) -> Engine:
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        # The one used last has its pages at hand; the others need not fill a cache too.
        pool_use_lifo=True,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # Python's driver would open transactions by itself, and never IMMEDIATE ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _use_write_ahead_log(cursor)
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = {-1024 * cache_mb}")
        cursor.execute("PRAGMA mmap_size = 1073741824")
        cursor.close()

    if begin is not None:

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def lock_event_log(session: Session) -> None:
    """Make this transaction the only one that appends events until it ends.

    SQLite has one writer anyway. On PostgreSQL, without it, an event with a smaller id could
    be committed after a snapshot was taken up to a larger one, and a run could not be repeated.
    """
    _lock(session, EVENT_LOG_LOCK)


def lock_queue(session: Session) -> None:
    """Make this transaction the only one that hands out components until it ends.

    Two claims at once would both read before either writes; row locks do not help, since a
    lease is a row that is not there yet.
    """
    _lock(session, QUEUE_LOCK)


def lock_jobs(session: Session) -> None:
    """Make this transaction the only one that looks whether a job waits and adds one."""
    _lock(session, JOBS_LOCK)


def _lock(session: Session, key: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
