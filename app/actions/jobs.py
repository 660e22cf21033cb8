"""Background work: asking for it, claiming it, keeping it alive, ending it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import Cancelled, NotFound
from app.storage import jobs
from app.storage.tables import Job

LANES = {"train": "slow", "demo": "slow", "score": "slow", "predict": "quick"}
"""Training takes minutes and must not keep a prediction waiting, so it has its own lane."""

MAX_ATTEMPTS = 2


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
) -> int:
    """Write a job, then nudge a worker. A nudge that is lost is made up for by the worker's own
    look at the table.
    """
    with context.database.write() as session:
        job_id = jobs.add(
            session,
            {
                "kind": kind,
                "request": request,
                "request_bytes": request_bytes,
                "attempts": 0,
                "cancel_requested": False,
                "created_by": None if by is None else by.id,
                "created_at": context.now(),
            },
        )
    context.tasks.nudge(LANES[kind])
    return job_id


def view(context: Context, job_id: int) -> JobView:
    """The job as it is now. Raises NotFound."""
    return _view(get(context, job_id))


def live(context: Context, kind: str) -> list[JobView]:
    """Jobs of a kind that wait or run."""
    with context.database.read() as session:
        return [_view(job) for job in jobs.live(session, [kind])]


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


def beat(context: Context, job_id: int, progress: dict[str, Any] | None = None) -> None:
    """Show that the job is alive. Raises Cancelled or JobLost where it must stop."""
    with context.database.write() as session:
        answer = jobs.beat(session, job_id, progress, context.now())
    if answer == "cancel":
        raise Cancelled("Stopped because somebody asked for it.")
    if answer == "lost":
        raise JobLost(f"job {job_id} is no longer this worker's")


def finish(context: Context, job_id: int, state: str, **values: Any) -> bool:
    """End a running job; False where it is no longer this worker's."""
    with context.database.write() as session:
        return jobs.finish(session, job_id, state, context.now(), **values)


def give_back(context: Context, job_id: int) -> None:
    """Put a running job back into the queue: its worker is told to stop. It does not count as
    an attempt.
    """
    with context.database.write() as session:
        jobs.give_back(session, job_id)


def sweep(context: Context) -> list[str]:
    """Look after jobs whose worker has died; returns a sentence for each that was touched.

    A stale job is put back once; the second time it is marked failed, with the reason.
    """
    now = context.now()
    silent_since = now - timedelta(seconds=context.settings.stale_seconds)
    said = []
    with context.database.read() as session:
        if not jobs.stale(session, silent_since):
            return []
    with context.database.write() as session:
        for job in jobs.stale(session, silent_since):
            if job.cancel_requested:
                done = jobs.cancel_silent(session, job, now)
                outcome = "cancelled"
            elif job.attempts < MAX_ATTEMPTS:
                done = jobs.requeue(session, job)
                outcome = "queued again"
            else:
                reason = (
                    f"The worker died {job.attempts} times during this job (last sign of life "
                    f"{job.heartbeat_at:%H:%M:%S} UTC). It may have run out of memory: see its log."
                )
                done = jobs.give_up(session, job, reason, now)
                outcome = "given up"
            if done:
                said.append(f"job {job.id} ({job.kind}) was silent and is {outcome}")
    return said


def lanes_with_work(context: Context) -> set[str]:
    """The lanes in which jobs wait."""
    with context.database.read() as session:
        return {LANES[job.kind] for job in jobs.live(session, list(LANES)) if job.state == "queued"}


def worker_is_alive(context: Context) -> bool:
    """Whether a worker has shown itself lately."""
    with context.database.read() as session:
        seen_at = jobs.worker_last_seen(session)
    lately = timedelta(seconds=context.settings.stale_seconds)
    return seen_at is not None and context.now() - seen_at < lately


def show_worker(context: Context, name: str) -> None:
    """Note that this worker lives, and clear away answers that nobody fetched."""
    with context.database.write() as session:
        jobs.worker_seen(session, name, context.now())
        jobs.forget_finished(session, "predict", context.now() - timedelta(minutes=10))


def _view(job: Job) -> JobView:
    return JobView(job.id, job.kind, job.state, job.progress, job.error)
