"""What every action is given: the database, the queue, the settings and the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.actions.countdown import Countdown
from app.actions.kept import Kept
from app.domain.accounts import Account
from app.domain.errors import NotAllowed
from app.settings import Settings
from app.storage.database import Database
from app.storage.tasks import Nudges, TaskQueue


def utc_now() -> datetime:
    """The clock of the real world."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """The world that actions act on. Tests pass another clock and a queue that listens.

    refits: when this process is to look whether a refit is due. kept: what it has worked out of
    stored arrays, which never change.
    """

    database: Database
    tasks: Nudges
    settings: Settings
    now: Callable[[], datetime] = utc_now
    refits: Countdown = field(default_factory=Countdown, compare=False)
    kept: Kept = field(default_factory=Kept, compare=False)


def make_context(settings: Settings) -> Context:
    """The context of one process; makes the data folder."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Context(
        database=Database(settings.url),
        tasks=TaskQueue(settings.url, settings.data_dir),
        settings=settings,
    )


def require_admin(account: Account) -> None:
    """Raises NotAllowed for anybody but an admin."""
    if not account.is_admin:
        raise NotAllowed("Only an admin can do this. Ask one of your lab's admins.")
