"""Background work: asking for it, claiming it, keeping it alive, ending it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import Cancelled, Conflict, NotFound
from app.storage import jobs, tuning
from app.storage.database import lock_jobs
from app.storage.rows import AnyRow
from app.storage.tables import Job

LANES = {
    "train": "slow",
    "demo": "slow",
    "score": "slow",
    "promote": "slow",
    "export": "slow",
    "predict": "quick",
    "refit": "refit",
    "embed": "map",
    "tune": "spare",
    "assist": "spare",
}
"""A lane does one job at a time. Training takes minutes and must not keep a prediction waiting,
nor a refit, whose first one for a run takes half a minute and keeps nobody waiting either.
Tuning takes hours and must not keep a training waiting: its lane does nothing while the same
worker is busy in the slow one. So does the map's, whose pictures can wait, and for refits too."""

MORE_URGENT = {"map": ("slow", "refit")}
"""Lanes that a job in this lane stands back for where it can; `slow` alone for the others."""

TITLES = {
    "train": "Training run",
    "demo": "Loading of the demo",
    "score": "Scoring",
    "promote": "Sorting of the queue",
    "export": "Export",
    "predict": "Prediction",
    "refit": "Refit",
    "embed": "Layout of the map",
    "tune": "Tuning",
    "assist": "Help with a tuning",
}

ENDED = {"succeeded", "failed", "cancelled"}
"""States from which a job comes to no other."""

MAX_ATTEMPTS = 2
"""Attempts in a row that may come to nothing. A tuning's attempt in which a trial came to its
end was not in vain, so a tuning of hours outlives more than one death of its worker."""


ANSWERS_KEPT = {"predict": timedelta(minutes=10), "export": timedelta(days=1)}
"""How long the answer to a request can be fetched after the worker has written it."""


class JobLost(Exception):
    """The job was given to another worker because this one was silent too long."""


@dataclass(frozen=True)
class JobView:
    """A job as pages and programs see it."""

    id: int
    kind: str
    state: str
    progress: dict[str, Any]
    error: str | None


def kinds_in(lane: str) -> tuple[str, ...]:
    """The kinds of job that are worked on in this lane."""
    return tuple(kind for kind, its_lane in LANES.items() if its_lane == lane)


def enqueue(
    context: Context,
    kind: str,
    *,
    by: Account | None,
    request: dict[str, Any],
    request_bytes: bytes | None = None,
    alone: bool = False,
) -> int:
    """Write a job, then nudge a worker. A nudge that is lost is made up for by the worker's own
    look at the table.

    alone: raises Conflict while another job of the kind waits or runs.
    """
    with context.database.write() as session:
        if alone:
            refuse_second(session, kind)
        job_id = add(context, session, kind, by=by, request=request, request_bytes=request_bytes)
    context.tasks.nudge(LANES[kind])
    return job_id


def add(
    context: Context,
    session: Session,
    kind: str,
    *,
    by: Account | None,
    request: dict[str, Any] | None = None,
    request_bytes: bytes | None = None,
) -> int:
    """Write a job as part of a larger transaction. Whoever does nudges the lane when it is
    committed.
    """
    return jobs.add(
        session,
        {
            "kind": kind,
            "request": request or {},
            "request_bytes": request_bytes,
            "attempts": 0,
            "cancel_requested": False,
            "created_by": None if by is None else by.id,
            "created_at": context.now(),
        },
    )


def refuse_second(session: Session, kind: str) -> None:
    """Raises Conflict where a job of the kind waits or runs; until this transaction ends, nobody
    else adds one.
    """
    lock_jobs(session)
    there = jobs.live(session, [kind])
    if there:
        raise Conflict(
            f"{TITLES[kind]} {there[0].id} is {there[0].state} already. Wait for it, or cancel it."
        )


def view(context: Context, job_id: int) -> JobView:
    """The job as it is now. Raises NotFound."""
    with context.database.read() as session:
        found = jobs.shown(session, job_id)
    if found is None:
        raise NotFound("job", job_id)
    return view_of(found)


def live(context: Context, kind: str) -> list[JobView]:
    """Jobs of a kind that wait or run."""
    with context.database.read() as session:
        return [view_of(job) for job in jobs.live(session, [kind])]


def get(context: Context, job_id: int) -> Job:
    """The job's row as it is now. Raises NotFound."""
    with context.database.read() as session:
        found = jobs.by_id(session, job_id)
    if found is None:
        raise NotFound("job", job_id)
    return found


def cancel(context: Context, job_id: int) -> JobView:
    """Ask a job to stop. One that has ended stays as it ended."""
    get(context, job_id)
    with context.database.write() as session:
        jobs.request_cancel(session, job_id, context.now())
    return view(context, job_id)


def claim(context: Context, lane: str) -> Job | None:
    """Take the oldest waiting job of a lane, or None."""
    with context.database.write() as session:
        return jobs.claim(session, kinds_in(lane), context.now())


def beat(context: Context, job: Job, progress: dict[str, Any] | None = None) -> None:
    """Show that a claimed job is alive. Raises Cancelled or JobLost where it must stop."""
    with context.database.note() as session:
        answer = jobs.beat(session, job, progress, context.now())
    if answer == "cancel":
        raise Cancelled("Stopped because somebody asked for it.")
    if answer == "lost":
        raise JobLost(f"job {job.id} is no longer this worker's")


def finish(context: Context, job: Job, state: str, **values: Any) -> bool:
    """End a claimed job; False where it is no longer this worker's."""
    with context.database.write() as session:
        return jobs.finish(session, job, state, context.now(), **values)


def give_back(context: Context, job: Job) -> None:
    """Put a claimed job back into the queue: its worker is told to stop. It does not count as
    an attempt.
    """
    with context.database.write() as session:
        jobs.give_back(session, job, context.now())


def sweep(context: Context) -> list[str]:
    """Look after jobs whose worker has died; returns a sentence for each that was touched.

    A stale job is put back once; the second time in a row it is marked failed, with the reason.
    """
    now = context.now()
    silent_since = lately(context)
    said = []
    with context.database.read() as session:
        if not jobs.stale(session, silent_since):
            return []
    with context.database.write() as session:
        for job in jobs.stale(session, silent_since):
            in_vain = job.attempts - tuning.last_fruitful_attempt(session, job.id)
            if job.cancel_requested:
                done = jobs.cancel_silent(session, job, now)
                outcome = "cancelled"
            elif in_vain < MAX_ATTEMPTS:
                done = jobs.requeue(session, job)
                outcome = "queued again"
            else:
                reason = (
                    f"The worker died {in_vain} times during this job (last sign of life "
                    f"{job.heartbeat_at:%H:%M:%S} UTC). It may have run out of memory: see its log."
                )
                done = jobs.give_up(session, job, reason, now)
                outcome = "given up"
            if done:
                said.append(f"job {job.id} ({job.kind}) was silent and is {outcome}")
        tuning.bury(session, now)
    return said


def lanes_with_work(context: Context) -> set[str]:
    """The lanes in which jobs wait."""
    with context.database.read() as session:
        return {LANES[job.kind] for job in jobs.live(session, list(LANES)) if job.state == "queued"}


def worker_is_alive(context: Context) -> bool:
    """Whether a worker has shown itself lately."""
    with context.database.read() as session:
        seen_at = jobs.worker_last_seen(session)
    return seen_at is not None and seen_at > lately(context)


def lately(context: Context) -> datetime:
    """Who has been silent since this time counts as dead."""
    return context.now() - timedelta(seconds=context.settings.stale_seconds)


def show_worker(context: Context, name: str) -> None:
    """Note that this worker lives, and clear away answers that nobody fetched."""
    now = context.now()
    with context.database.note() as session:
        jobs.worker_seen(session, name, now)
        for kind, long_enough in ANSWERS_KEPT.items():
            jobs.forget_finished(session, kind, now - long_enough)


def leave(context: Context, name: str) -> None:
    """Note that this worker stops, so that nobody waits for it."""
    with context.database.note() as session:
        jobs.worker_gone(session, name, lately(context))


def view_of(job: Job | AnyRow) -> JobView:
    """From a job's row, or from what of it is shown."""
    return JobView(job.id, job.kind, job.state, job.progress, job.error)
