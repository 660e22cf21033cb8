"""Tuning: which settings train best, tried out within a budget, kept trial by trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.actions import jobs, training
from app.actions.context import Context, require_admin
from app.actions.training import RunView
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.domain.trials import TrialState
from app.storage import events, tuning
from app.storage import jobs as job_rows
from app.storage.database import lock_jobs
from app.storage.rows import AnyRow
from app.storage.tables import Job
from app.storage.tuning import Tick

OBJECTIVE = "cross_entropy"
"""Of out-of-fold predictions against the labels, in nats; lower is better. A proper score, so a
wrong label moves it for every trial alike, and it is far less jumpy than F1."""

DEFAULT_MINUTES = 30.0

TRIED_WITH: dict[str, Any] = {"validation_fraction": 0.1}
"""Of every trial, and so of the run that is trained with the best: without a held-out part nothing
could be pruned, and what ended early in a trial has to end early in the run."""


@dataclass(frozen=True)
class TrialView:
    """A trial as pages and programs see it. config: the settings that it tried."""

    number: int
    state: str
    config: dict[str, Any]
    value: float | None
    macro_f1: float | None
    seconds: float
    reason: str | None
    intermediate: dict[str, float]
    worker: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class StudyView:
    """A tuning as pages and programs see it. best: the completed trial of the least value."""

    id: int
    state: str
    progress: dict[str, Any]
    config: dict[str, Any]
    space: dict[str, Any] | None
    objective: str
    seed: int
    snapshot_event_id: int
    budget_minutes: float
    spent_seconds: float
    importances: dict[str, float] | None
    error: str | None
    cancel_requested: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    trials: tuple[TrialView, ...]

    @property
    def best(self) -> TrialView | None:
        """The completed trial of the least value, the earliest of equals; None before the first."""
        completed = [
            one for one in self.trials if one.value is not None and one.state == TrialState.COMPLETE
        ]
        return min(completed, key=lambda one: one.value or 0.0, default=None)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are in each state."""
        return {state: sum(one.state == state for one in self.trials) for state in TrialState}


@dataclass(frozen=True)
class Seat:
    """A worker's place at a study: the job that it holds, and its name."""

    study_id: int
    job: Job
    worker: str


def request_study(
    context: Context,
    by: Account | None,
    minutes: float = DEFAULT_MINUTES,
    config: dict[str, Any] | None = None,
) -> StudyView:
    """Queue a tuning on the labels as they are now. by: None where the command line asks.

    config: settings of every trial; what it names is not tuned.
    Raises Conflict while another one waits or runs.
    """
    if by is not None:
        require_admin(by)
    with context.database.write() as session:
        jobs.refuse_second(session, "tune")
        study_id = job_rows.add(
            session,
            {
                "kind": "tune",
                "request": {},
                "attempts": 0,
                "cancel_requested": False,
                "created_by": None if by is None else by.id,
                "created_at": context.now(),
            },
        )
        tuning.add(
            session,
            study_id,
            {
                "config": config or {},
                "objective": OBJECTIVE,
                # Another one than the tuning before: that has tried its draws already.
                "seed": study_id,
                "snapshot_event_id": events.last_id(session),
                "budget_minutes": minutes,
                "spent_seconds": 0.0,
            },
        )
    context.tasks.nudge(jobs.LANES["tune"])
    return get_study(context, study_id)


def get_study(context: Context, study_id: int) -> StudyView:
    """The study with its trials, as it is now. Raises NotFound."""
    with context.database.read() as session:
        found = tuning.one(session, study_id)
        if found is None:
            raise NotFound("tuning", study_id)
        return _view(found, tuning.trials(session, [study_id])[study_id])


def list_studies(context: Context, before_id: int | None, limit: int) -> list[StudyView]:
    """Studies with their trials, newest first, older than `before_id` if given."""
    with context.database.read() as session:
        found = tuning.page(session, before_id, limit)
        trials = tuning.trials(session, [row.id for row in found])
        return [_view(row, trials[row.id]) for row in found]


def cancel_study(context: Context, by: Account | None, study_id: int) -> StudyView:
    """Stop a tuning; what it has found is kept. Raises Conflict where it has ended."""
    if by is not None:
        require_admin(by)
    found = get_study(context, study_id)
    if found.state not in job_rows.LIVE:
        raise Conflict(f"Tuning {study_id} has {found.state} already.")
    jobs.cancel(context, study_id)
    return get_study(context, study_id)


def train_with_best(context: Context, by: Account, study_id: int) -> RunView:
    """Queue a training run with the settings of the best trial so far.

    Raises Conflict where no trial is complete yet, or a training waits or runs.
    """
    study = get_study(context, study_id)
    if study.best is None:
        raise Conflict(f"Tuning {study_id} has no completed trial yet. Wait for the first.")
    return training.request_run(context, by, {**TRIED_WITH, **study.config, **study.best.config})


# --- what the workers do ---


def offer_seat(context: Context) -> bool:
    """Make a job of joining the running tuning, if a worker is idle; says whether it did.

    A tuning has as many seats as there are workers alive: its own job is one, each helper's job
    is one more. So a worker that is started later joins, and one that dies leaves no gap.
    """
    with context.database.read() as session:
        if tuning.running(session) is None:
            return False
    lately = jobs.lately(context)
    with context.database.write() as session:
        lock_jobs(session)
        study_id = tuning.running(session)
        helpers = len(job_rows.live(session, ["assist"]))
        if study_id is None or helpers + 1 >= job_rows.workers_alive(session, lately):
            return False
        job_rows.add(
            session,
            {
                "kind": "assist",
                "request": {"study": study_id},
                "attempts": 0,
                "cancel_requested": False,
                "created_by": None,
                "created_at": context.now(),
            },
        )
    context.tasks.nudge(jobs.LANES["assist"])
    return True


def is_running(context: Context, study_id: int) -> bool:
    """Whether a worker holds the study's own job, and nobody wants it stopped."""
    with context.database.read() as session:
        return tuning.running(session) == study_id


def clear_seat(context: Context, seat: Seat) -> None:
    """Mark as failed what an earlier holder of this seat has left running."""
    with context.database.write() as session:
        tuning.bury(session, context.now(), seat.job.id)


def bury(context: Context) -> None:
    """Mark as failed the trials of jobs that no worker holds."""
    with context.database.write() as session:
        tuning.bury(session, context.now())


def settle_space(context: Context, study_id: int, space: dict[str, Any]) -> dict[str, Any]:
    """The study's space; `space` where no worker has said it before."""
    with context.database.write() as session:
        return tuning.settle_space(session, study_id, space)


def begin_trial(context: Context, seat: Seat, number: int, config: dict[str, Any]) -> int | None:
    """Write down that a trial starts; returns its key, or None where another worker was quicker
    to take the number.
    """
    with context.database.write() as session:
        return tuning.begin_trial(
            session,
            {
                "study_id": seat.study_id,
                "number": number,
                "job_id": seat.job.id,
                "attempt": seat.job.attempts,
                "worker": seat.worker,
                "params": config,
                "started_at": context.now(),
            },
        )


def show_trial(context: Context, trial_id: int, **values: Any) -> None:
    """Keep what a running trial has found so far."""
    with context.database.note() as session:
        tuning.record_trial(session, trial_id, **values)


def end_trial(context: Context, trial_id: int, state: str, **values: Any) -> None:
    """Keep how a trial ended."""
    with context.database.write() as session:
        tuning.record_trial(session, trial_id, state=state, finished_at=context.now(), **values)


def record_importances(context: Context, study_id: int, importances: dict[str, float]) -> None:
    """Keep how much each setting has mattered so far."""
    with context.database.write() as session:
        tuning.record_importances(session, study_id, importances)


def start_clock(context: Context, study_id: int) -> Tick:
    """Let the budget's clock run from now on; what was before does not count."""
    with context.database.note() as session:
        return tuning.tick(session, study_id, context.now(), longest_s=0.0)


def tick(context: Context, study_id: int) -> Tick:
    """Show that the study is being worked on, and learn whether to go on."""
    longest_s = context.settings.stale_seconds
    with context.database.note() as session:
        return tuning.tick(session, study_id, context.now(), longest_s)


def _view(row: AnyRow, trials: Sequence[AnyRow]) -> StudyView:
    return StudyView(
        **row._mapping,  # noqa: SLF001 - the public way, for all its underscore
        trials=tuple(
            TrialView(
                number=one.number,
                state=one.state,
                config=one.params,
                value=one.value,
                macro_f1=one.macro_f1,
                seconds=one.seconds,
                reason=one.reason,
                intermediate=one.intermediate,
                worker=one.worker,
                started_at=one.started_at,
                finished_at=one.finished_at,
            )
            for one in trials
        ),
    )
