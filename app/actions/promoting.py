"""The run that serves predictions: the newest, or the one that an admin promoted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.actions import jobs, refitting, training
from app.actions.context import Context, require_admin
from app.actions.jobs import JobView
from app.actions.refitting import RefitView
from app.actions.training import RunView
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.storage import jobs as job_rows
from app.storage import promotions, runs
from app.storage.database import lock_jobs


@dataclass(frozen=True)
class Serving:
    """Which run serves, and why.

    run: None before the first training. newest: the newest run that has a model; another one
    than `run` only where that one was promoted. promoted_by, promoted_at: None where the newest
    serves. sorting: the job by which the queue follows the last choice, until it has succeeded.
    refit: how the queue last took in labels given since the run, if it did.
    """

    run: int | None
    newest: int | None
    promoted: bool
    promoted_by: str | None
    promoted_at: datetime | None
    sorting: JobView | None
    refit: RefitView | None


def serving_run(context: Context) -> int | None:
    """The run whose model and predictions are in use, or None before the first."""
    with context.database.read() as session:
        found = runs.serving(session)
    return None if found is None else int(found.id)


def serving(context: Context) -> Serving:
    """The run in use and why it is."""
    with context.database.read() as session:
        found, newest = runs.serving(session), runs.newest_with_model(session)
        choice = promotions.standing(session)
        sorting = job_rows.newest(session, "promote")
        refit = None if found is None else refitting.last_refit(session, found.id)
    promoted = choice is not None and choice.run_id is not None
    if sorting is not None and found is not None and found.id > sorting.id:
        # A run that was asked for later has sorted the queue itself.
        sorting = None
    return Serving(
        run=None if found is None else found.id,
        newest=None if newest is None else newest.id,
        promoted=promoted,
        promoted_by=(choice.labeler or "Somata") if promoted and choice else None,
        promoted_at=choice.created_at if promoted and choice else None,
        sorting=None if sorting is None or sorting.state == "succeeded" else jobs.view_of(sorting),
        refit=refit,
    )


def promote(context: Context, by: Account, run_id: int) -> RunView:
    """Let this run serve until another is promoted, however many are trained meanwhile.

    It serves at once; the queue and the lists follow as the worker sorts them. Promoting the run
    that serves already changes nothing, but repeats a sorting that failed.
    Raises NotFound, and Conflict for a run that has not succeeded.
    """
    require_admin(by)
    with context.database.write() as session:
        lock_jobs(session)
        found = runs.one(session, run_id)
        if found is None:
            raise NotFound("training run", run_id)
        if found.state != "succeeded":
            why = WHY_NO_MODEL[found.state]
            raise Conflict(f"Training run {run_id} {why}. Promote one that has succeeded.")
        _choose(context, session, by, run_id)
    context.tasks.nudge(jobs.LANES["promote"])
    return training.get_run(context, run_id)


def follow_newest(context: Context, by: Account) -> Serving:
    """Let the newest run serve, and each that succeeds after it: what holds before any choice."""
    require_admin(by)
    with context.database.write() as session:
        lock_jobs(session)
        _choose(context, session, by, None)
    context.tasks.nudge(jobs.LANES["promote"])
    return serving(context)


WHY_NO_MODEL = {
    "queued": "has not begun",
    "running": "is still running",
    "failed": "has failed and has no model",
    "cancelled": "was cancelled and has no model",
}
"""What to say of a run by its state, where one with a model is needed."""


def _choose(context: Context, session: Session, by: Account, run_id: int | None) -> None:
    standing = promotions.standing(session)
    now_chosen = None if standing is None else standing.run_id
    if now_chosen == run_id and job_rows.live(session, ["promote"]):
        return
    if now_chosen != run_id:
        promotions.add(session, run_id, by.id, context.now())
    if runs.serving(session) is not None:
        jobs.add(context, session, "promote", by=by)
