"""Embeddings of components: asked for when a run comes to serve, kept in the one database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.actions import jobs
from app.actions.context import Context
from app.actions.jobs import JobView
from app.storage import embeddings, runs
from app.storage import jobs as job_rows
from app.storage.database import lock_jobs
from app.storage.tables import Job

WRITTEN_AT_ONCE = 1_000
"""Embeddings a transaction: a label that comes meanwhile waits for some 10 ms."""


@dataclass(frozen=True)
class Space:
    """Embeddings that are there. components: all in it; laid_out: those placed together."""

    id: int
    run_id: int
    laid_out: int
    components: int
    finished_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far the embedding is: the job that waits or runs, else why the last one failed."""

    job: JobView | None
    error: str | None


def request(context: Context) -> None:
    """Ask for embeddings by the run that serves. One may wait while one runs, never two."""
    with context.database.note() as session:
        lock_jobs(session)
        if runs.serving(session) is None or job_rows.waiting(session, "embed"):
            return
        job_rows.forget_all_but_last(session, "embed")
        jobs.add(context, session, "embed", by=None)
    context.tasks.nudge(jobs.LANES["embed"])


def shown(context: Context) -> Space | None:
    """The embeddings in use: the newest that are complete, whichever run made them."""
    with context.database.read() as session:
        found = embeddings.shown(session)
    if found is None:
        return None
    return Space(found.id, found.run_id, found.laid_out, found.components, found.finished_at)


def progress(context: Context) -> Progress:
    """How far the next embeddings are."""
    with context.database.read() as session:
        found = job_rows.newest(session, "embed")
    if found is None:
        return Progress(None, None)
    if found.state in job_rows.LIVE:
        return Progress(jobs.view_of(found), None)
    return Progress(None, found.error if found.state == "failed" else None)


def begin(context: Context, job: Job, run_id: int, basis: NDArray[np.float32]) -> int:
    """A space that nobody sees until it is finished. What attempts left that came to nothing
    goes. Raises JobLost.
    """
    kept = shown(context)
    with context.database.read() as session:
        left = embeddings.others(session, None if kept is None else kept.id)
    for space_id in left:
        _remove(context, space_id)
    with context.database.write() as session:
        _check(job_rows.leads(session, job), job)
        return embeddings.begin(session, run_id, basis)


def store(
    context: Context,
    job: Job,
    space_id: int,
    component_ids: Sequence[int],
    vectors: NDArray[np.float16],
    places: NDArray[np.float32],
) -> None:
    """Store embeddings, a short transaction at a time. Raises JobLost."""
    for start in range(0, len(component_ids), WRITTEN_AT_ONCE):
        part = slice(start, start + WRITTEN_AT_ONCE)
        rows = [
            {
                "space_id": space_id,
                "component_id": int(key),
                "vector": vector.astype("<f2").tobytes(),
                "x": float(x),
                "y": float(y),
            }
            for key, vector, (x, y) in zip(
                component_ids[part], vectors[part], places[part], strict=True
            )
        ]
        with context.database.note() as session:
            _check(job_rows.leads(session, job), job)
            embeddings.add(session, rows)


def finish(context: Context, job: Job, space_id: int, laid_out: int) -> None:
    """Show the space in place of the one before, which is removed. Raises JobLost."""
    with context.database.write() as session:
        _check(job_rows.leads(session, job), job)
        embeddings.finish(session, space_id, laid_out, context.now())
    with context.database.read() as session:
        left = embeddings.others(session, space_id)
    for other in left:
        _remove(context, other)


def added(context: Context, space_id: int) -> None:
    """Let those who keep a space in memory know that newcomers were placed in it."""
    with context.database.write() as session:
        embeddings.count(session, space_id)


def basis_of(context: Context, space_id: int) -> NDArray[np.float32]:
    """The basis that a space's numbers are in."""
    with context.database.read() as session:
        return embeddings.basis(session, space_id)


def missing_from(context: Context, space_id: int) -> list[int]:
    """Components that are not in the space, in order of key."""
    with context.database.read() as session:
        return embeddings.missing(session, space_id)


def vectors_of(
    context: Context, space_id: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Components (n,), their vectors (n, numbers) and places (n, 2), in order of component."""
    with context.database.read() as session:
        rows = embeddings.all_of(session, space_id)
    keys = np.array([row.component_id for row in rows], np.int64)
    if not rows:
        return keys, np.zeros((0, 0), np.float32), np.zeros((0, 2), np.float32)
    packed = np.frombuffer(b"".join(row.vector for row in rows), "<f2").reshape(len(rows), -1)
    places = np.array([(row.x, row.y) for row in rows], np.float32)
    return keys, packed.astype(np.float32), places


def _remove(context: Context, space_id: int) -> None:
    gone = False
    while not gone:
        with context.database.note() as session:
            gone = embeddings.remove_some(session, space_id, WRITTEN_AT_ONCE)


def _check(leads: bool, job: Job) -> None:
    if not leads:
        raise jobs.JobLost(f"job {job.id} was overtaken by a newer one")
