"""Jobs: one row of state for each piece of background work, and the claim on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.storage.rows import AnyRow
from app.storage.tables import Job, WorkerBeat

LIVE = ("queued", "running")


def add(session: Session, values: dict[str, Any]) -> int:
    """Write a queued job and return its key."""
    statement = insert(Job).values(state="queued", progress={}, **values).returning(Job.id)
    return session.execute(statement).scalar_one()


def by_id(session: Session, job_id: int) -> Job | None:
    """The job with that key, as it is now."""
    return session.get(Job, job_id, populate_existing=True)


def shown(session: Session, job_id: int) -> AnyRow | None:
    """What is shown of a job, without what it was sent and what it answers, which are large."""
    columns = Job.id, Job.kind, Job.state, Job.progress, Job.error
    return session.execute(select(*columns).where(Job.id == job_id)).first()


def live(session: Session, kinds: Sequence[str]) -> Sequence[Job]:
    """Jobs of these kinds that wait or run, oldest first."""
    statement = select(Job).where(Job.state.in_(LIVE), Job.kind.in_(kinds)).order_by(Job.id)
    return session.execute(statement).scalars().all()


_WAITING = select(Job.id).where(Job.state == "queued", Job.kind == bindparam("kind")).limit(1)


def waiting(session: Session | Connection, kind: str) -> bool:
    """Whether a job of this kind waits to be claimed."""
    return session.execute(_WAITING, {"kind": kind}).first() is not None


def newest(session: Session, kind: str, *, ended: bool = False) -> Job | None:
    """The job of this kind that was asked for last. ended: of those that neither wait nor run."""
    statement = select(Job).where(Job.kind == kind).order_by(Job.id.desc()).limit(1)
    if ended:
        statement = statement.where(Job.state.not_in(LIVE))
    return session.execute(statement).scalar()


def claim(session: Session, kinds: Sequence[str], now: datetime) -> Job | None:
    """Take the oldest queued job of these kinds: one statement, so two workers never share it."""
    waiting = select(Job.id).where(Job.state == "queued", Job.kind.in_(kinds)).order_by(Job.id)
    if session.get_bind().dialect.name == "postgresql":
        waiting = waiting.with_for_update(skip_locked=True)
    claimed = session.execute(
        update(Job)
        .where(Job.id == waiting.limit(1).scalar_subquery(), Job.state == "queued")
        .values(state="running", started_at=now, heartbeat_at=now, attempts=Job.attempts + 1)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return None if claimed is None else session.get(Job, claimed, populate_existing=True)


def _still_held(job: Job) -> tuple[ColumnElement[bool], ...]:
    """Whether a claimed job is still with the worker that claimed it: a later claim is another
    attempt, so a worker that was given up for dead cannot end its successor's work.
    """
    return Job.id == job.id, Job.state == "running", Job.attempts == job.attempts


def beat(session: Session, job: Job, progress: dict[str, Any] | None, now: datetime) -> str:
    """Show that a claimed job is alive; returns `go`, `cancel` or `lost`.

    `lost`: somebody else has taken or ended the job, because this worker was silent too long.
    """
    values: dict[str, Any] = {"heartbeat_at": now}
    if progress is not None:
        values["progress"] = progress
    found = session.execute(
        update(Job)
        .where(*_still_held(job))
        .values(**values)
        .returning(Job.cancel_requested)
        .execution_options(synchronize_session=False)
    ).scalar()
    if found is None:
        return "lost"
    return "cancel" if found else "go"


def finish(session: Session, job: Job, state: str, now: datetime, **values: Any) -> bool:
    """End a claimed job; False where it is no longer this worker's to end."""
    ended = session.execute(
        update(Job)
        .where(*_still_held(job))
        .values(state=state, finished_at=now, **values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


def give_back(session: Session, job: Job, now: datetime) -> None:
    """Return a claimed job to the queue as if it had not been taken.

    One that somebody had asked to stop ends instead.
    """
    session.execute(
        update(Job)
        .where(*_still_held(job), Job.cancel_requested)
        .values(state="cancelled", finished_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Job)
        .where(*_still_held(job))
        .values(state="queued", attempts=Job.attempts - 1, progress={})
        .execution_options(synchronize_session=False)
    )


def request_cancel(session: Session, job_id: int, now: datetime) -> None:
    """A waiting job ends at once; a running one is asked to."""
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == "queued")
        .values(state="cancelled", cancel_requested=True, finished_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == "running")
        .values(cancel_requested=True)
        .execution_options(synchronize_session=False)
    )


def stale(session: Session, silent_since: datetime) -> Sequence[Job]:
    """Running jobs whose worker has not been heard of since that time."""
    statement = select(Job).where(Job.state == "running", Job.heartbeat_at < silent_since)
    return session.execute(statement).scalars().all()


def requeue(session: Session, job: Job) -> bool:
    """Put a stale job back into the queue; False if its worker spoke up meanwhile."""
    return _end_silence(session, job, state="queued", progress={})


def give_up(session: Session, job: Job, reason: str, now: datetime) -> bool:
    """Mark a stale job failed, with the reason; False if its worker spoke up meanwhile."""
    return _end_silence(session, job, state="failed", error=reason, finished_at=now)


def cancel_silent(session: Session, job: Job, now: datetime) -> bool:
    """End a stale job that somebody had asked to stop."""
    return _end_silence(session, job, state="cancelled", finished_at=now)


def _end_silence(session: Session, job: Job, **values: Any) -> bool:
    ended = session.execute(
        update(Job)
        .where(Job.id == job.id, Job.state == "running", Job.heartbeat_at == job.heartbeat_at)
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


def leads(session: Session, job: Job) -> bool:
    """Whether a claimed job is still with its worker and no newer one of its kind has begun."""
    newer = aliased(Job)
    overtaken = exists().where(
        newer.kind == job.kind, newer.id > job.id, newer.state.in_(("running", "succeeded"))
    )
    statement = select(Job.id).where(*_still_held(job), ~overtaken)
    return session.execute(statement).first() is not None


def worker_seen(session: Session, name: str, now: datetime) -> None:
    """Note that a worker is alive."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(WorkerBeat).values(name=name, seen_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"seen_at": now}))


def worker_gone(session: Session, name: str, silent_since: datetime) -> None:
    """Forget a worker that stops, and those that have been silent since that time."""
    session.execute(
        delete(WorkerBeat).where(or_(WorkerBeat.name == name, WorkerBeat.seen_at < silent_since))
    )


def worker_last_seen(session: Session) -> datetime | None:
    """When any worker was last heard of."""
    statement = select(WorkerBeat.seen_at).order_by(WorkerBeat.seen_at.desc()).limit(1)
    return session.execute(statement).scalar()


def workers_alive(session: Session, silent_since: datetime) -> int:
    """How many workers have been heard of since that time."""
    statement = select(func.count()).select_from(WorkerBeat)
    return session.execute(statement.where(WorkerBeat.seen_at >= silent_since)).scalar_one()


def forget_finished(session: Session, kind: str, before: datetime) -> None:
    """Remove ended jobs of a kind whose answers have long been fetched."""
    session.execute(
        delete(Job).where(Job.kind == kind, Job.state.not_in(LIVE), Job.finished_at < before)
    )


def forget_all_but_last(session: Session, kind: str) -> None:
    """Remove ended jobs of a kind of which only the last one's outcome is of interest."""
    ended = aliased(Job)
    last = select(func.max(ended.id)).where(ended.kind == kind, ended.state.not_in(LIVE))
    session.execute(
        delete(Job)
        .where(Job.kind == kind, Job.state.not_in(LIVE), Job.id < last.scalar_subquery())
        .execution_options(synchronize_session=False)
    )
