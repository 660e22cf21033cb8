"""The task queue: how a web process tells a worker that there is work.

A task is only a nudge. What is to be done, how far it is and who wants it stopped stands in
the `job` table, since a task that was taken out of the queue dies with its worker.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from huey import Huey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from sqlalchemy import make_url


class Nudges(Protocol):
    """What actions need of the queue."""

    def nudge(self, lane: str) -> None:
        """Tell some worker that a job waits in this lane."""
        ...


class TaskQueue:
    """huey on SQLite beside the database, or on the PostgreSQL database itself."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        url = make_url(database_url)
        self.huey: Huey
        if url.get_backend_name() == "sqlite":
            self.huey = SqliteHuey(
                "somata", filename=str(data_dir / "queue.db"), results=False, timeout=30
            )
        else:
            dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
            self.huey = PostgresHuey("somata", dsn=dsn, results=False)
        self._handler: Callable[[str], None] | None = None
        self._task = self.huey.task(name="work")(self._work)

    def _work(self, lane: str) -> None:
        if self._handler is None:
            raise RuntimeError("a task was run by a process that is no worker")
        self._handler(lane)

    def nudge(self, lane: str) -> None:
        """Tell some worker that a job waits in this lane."""
        self._task(lane)

    def consumer(self, handler: Callable[[str], None], threads: int) -> Consumer:
        """A consumer that calls `handler(lane)` for each nudge, until it is stopped."""
        self._handler = handler
        return Consumer(
            self.huey,
            workers=threads,
            worker_type="thread",
            periodic=False,
            initial_delay=0.02,
            max_delay=0.2,
            backoff=1.3,
            check_worker_health=True,
        )
