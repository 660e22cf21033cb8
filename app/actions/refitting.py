"""The instant refit: after every few labels the queue's order is that of a model that knows them.

What it writes is the order of components that nobody has answered, and nothing else: predictions,
metrics and the quality of labels stay what the run said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.actions import jobs
from app.actions.context import Context
from app.domain.serving import REFITTED, STRATEGIES
from app.storage import candidates, events, runs, states
from app.storage import jobs as job_rows
from app.storage.database import lock_jobs
from app.storage.rows import AnyRow
from app.storage.tables import Job

log = structlog.get_logger()

WRITTEN_AT_ONCE = 250
"""Components a transaction: a label that comes meanwhile waits for some 20 ms at most."""


NOT_AGAIN_FOR = timedelta(seconds=0.5)
"""A refit that waits will know the labels that come meanwhile; nobody need ask at each."""


@dataclass(frozen=True)
class RefitView:
    """How the last refit of the run in use ended.

    labels: components that people have labeled since the run's snapshot, which it learned from.
    """

    state: str
    labels: int
    error: str | None
    finished_at: datetime | None

    @property
    def refitted_at(self) -> datetime | None:
        """When the order followed; None where the refit failed."""
        return self.finished_at if self.state == "succeeded" else None


@dataclass(frozen=True, eq=False)
class Lesson:
    """The labels as they stand.

    event_id: the newest event. changed: components that people have labeled, or taken labels
    back from, since the run's snapshot. labels: code by component. answered: those that a person
    has answered; what others are called comes from a file.
    """

    event_id: int
    changed: int
    labels: dict[int, int]
    answered: frozenset[int]


def after_labels(context: Context, newest_event_id: int) -> None:
    """Ask for a refit where enough labels have come; for whoever has just stored some.

    newest_event_id: of what was stored, 0 for nothing. Hardly ever asks the database: see
    `Countdown`. The labels are on disk by now, so a failure here is logged and not theirs.
    """
    wanted = context.settings.refit_after_labels
    if wanted == 0 or newest_event_id == 0:
        return
    if not context.refits.over(newest_event_id, context.now()):
        return
    missing = None
    try:
        missing = _request(context, wanted)
    except Exception:
        log.exception("asking for a refit failed; the next labels ask again")
    if missing is None:
        context.refits.restart(newest_event_id + 1, context.now() + NOT_AGAIN_FOR)
    else:
        context.refits.restart(newest_event_id + missing)


def request(context: Context) -> None:
    """Ask for a refit however few the labels are: the queue was sorted by the run alone."""
    if context.settings.refit_after_labels:
        _request(context, 0)


def _request(context: Context, wanted: int) -> int | None:
    """Ask if this many labels have come; returns how many more it takes, or None where a refit
    waits already or there is nothing to refit.
    """
    with context.database.ask() as connection:
        # Where many label this is the usual answer, for which no writer need wait.
        if job_rows.waiting(connection, "refit"):
            return None
    with context.database.note() as session:
        lock_jobs(session)
        serving = runs.serving(session)
        if serving is None or job_rows.waiting(session, "refit"):
            return None
        count = events.since(session, _last_looked_at(session, serving))[0] if wanted else 0
        if count < wanted:
            return wanted - count
        job_rows.forget_all_but_last(session, "refit")
        request = {"run": serving.id, "event_id": events.last_id(session)}
        jobs.add(context, session, "refit", by=None, request=request)
    context.tasks.nudge(jobs.LANES["refit"])
    return wanted


def _last_looked_at(session: Session, serving: AnyRow) -> int:
    """The newest event that the run in use, or its last refit, knows of."""
    trained_on = int(serving.snapshot_event_id or 0)
    last = job_rows.newest(session, "refit")
    if last is None or _run_of(last) != serving.id:
        return trained_on
    return max(trained_on, int(last.progress.get("event_id", last.request["event_id"])))


def last_refit(session: Session, run_id: int) -> RefitView | None:
    """The newest refit of this run that has ended and had something to learn, or failed."""
    found = job_rows.newest(session, "refit", ended=True)
    if found is None or _run_of(found) != run_id:
        return None
    labels = int(found.progress.get("labels", 0))
    if found.state == "cancelled" or (found.state == "succeeded" and not labels):
        return None
    return RefitView(found.state, labels, found.error, found.finished_at)


def _run_of(refit: Job) -> int:
    """The run that was refitted; until a worker has said so, the one that served when asked."""
    return int(refit.progress.get("run", refit.request["run"]))


def worth_remembering(context: Context, run_id: int, most: int) -> list[int]:
    """The components that refits of this run look at, at most so many.

    All that the run has judged, where there are no more. Else a quarter for those labeled last
    and half for the front of the queue's orders: the rest is room for what comes there later.
    """
    with context.database.read() as session:
        judged = states.sorted_by(session, run_id, most + 1)
        if len(judged) <= most:
            return judged
        chosen = {row.component_id for row in states.labeled(session, most // 4)}
        for strategy in STRATEGIES.values():
            if strategy.order_by in REFITTED:
                chosen.update(candidates.front(session, strategy, most // 2 // len(REFITTED)))
    return sorted(chosen)


def lesson(context: Context, run_id: int) -> Lesson:
    """What there is to learn for this run now."""
    with context.database.read() as session:
        run = runs.one(session, run_id)
        trained_on = 0 if run is None else run.snapshot_event_id or 0
        rows = states.labeled(session)
        return Lesson(
            event_id=events.last_id(session),
            changed=events.since(session, trained_on)[0],
            labels={row.component_id: row.label for row in rows},
            answered=frozenset(row.component_id for row in rows if row.people),
        )


def in_queue(context: Context, run_id: int) -> Sequence[AnyRow]:
    """What this run sorts and nobody has answered: component and its place in each order."""
    with context.database.read() as session:
        return states.in_queue(session, run_id)


def show_order(
    context: Context,
    job: Job,
    run_id: int,
    rows: Sequence[dict[str, Any]],
    on_batch: Callable[[], object] = lambda: None,
) -> bool:
    """Put these components where the refit wants them, a short transaction at a time.

    rows: `component_id` and a value, or None, for each of `REFITTED`.
    Returns False, and leaves the rest alone, once another run serves or a newer refit has begun.
    """
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        part = rows[start : start + WRITTEN_AT_ONCE]
        with context.database.note() as session:
            # Asked with the states held: who is promoted from here on writes them after us.
            states.hold(session, [row["component_id"] for row in part])
            serving = runs.serving(session)
            if serving is None or serving.id != run_id or not job_rows.leads(session, job):
                return False
            states.reorder(session, run_id, part)
        on_batch()
    return True
