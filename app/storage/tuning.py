"""Tunings: what they were told, their trials, and the clock of their budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.trials import THE_WORKER_DIED, TrialState
from app.storage.rows import AnyRow
from app.storage.tables import Job, Labeler, TuningStudy, TuningTrial

_SHOWN = (
    select(
        TuningStudy.id,
        TuningStudy.config,
        TuningStudy.space,
        TuningStudy.objective,
        TuningStudy.seed,
        TuningStudy.snapshot_event_id,
        TuningStudy.budget_minutes,
        TuningStudy.spent_seconds,
        TuningStudy.importances,
        Job.state,
        Job.progress,
        Job.error,
        Job.cancel_requested,
        Job.created_at,
        Job.started_at,
        Job.finished_at,
        func.coalesce(Labeler.name, "Somata").label("created_by"),
    )
    .join(Job, Job.id == TuningStudy.id)
    .outerjoin(Labeler, Labeler.id == Job.created_by)
)


@dataclass(frozen=True)
class Tick:
    """What a worker is told as it shows that it works on a study."""

    spent_seconds: float
    budget_seconds: float
    wanted: bool
    """False where the study has ended or somebody wants it stopped."""


def add(session: Session, job_id: int, values: dict[str, Any]) -> None:
    """The study of a tuning job."""
    session.execute(insert(TuningStudy).values(id=job_id, **values))


def one(session: Session, study_id: int) -> AnyRow | None:
    """A study with its job's state, or None."""
    return session.execute(_SHOWN.where(TuningStudy.id == study_id)).first()


def page(session: Session, before_id: int | None, limit: int) -> Sequence[AnyRow]:
    """Studies, newest first."""
    statement = _SHOWN.order_by(TuningStudy.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(TuningStudy.id < before_id)
    return session.execute(statement).all()


def running(session: Session) -> int | None:
    """The study that a worker is at, or None."""
    statement = select(Job.id).where(
        Job.kind == "tune", Job.state == "running", Job.cancel_requested.is_(False)
    )
    return session.execute(statement.order_by(Job.id).limit(1)).scalar()


def settle_space(session: Session, study_id: int, space: dict[str, Any]) -> dict[str, Any]:
    """The study's space: `space` where it had none. It stays as the first worker said."""
    session.execute(
        update(TuningStudy)
        .where(TuningStudy.id == study_id, TuningStudy.space.is_(None))
        .values(space=space)
        .execution_options(synchronize_session=False)
    )
    settled = session.execute(select(TuningStudy.space).where(TuningStudy.id == study_id)).scalar()
    return settled or {}


def record_importances(session: Session, study_id: int, importances: dict[str, float]) -> None:
    """How much each setting has mattered so far; the shares sum to 1."""
    session.execute(
        update(TuningStudy).where(TuningStudy.id == study_id).values(importances=importances)
    )


def tick(session: Session, study_id: int, now: datetime, longest_s: float) -> Tick:
    """Let the budget's clock move on by the time since anybody's last tick.

    So the time of workers side by side counts once. longest_s: a gap that is longer does not
    count, because nobody worked in it; 0 only sets the clock going again.
    """
    study = session.execute(
        select(TuningStudy.spent_seconds, TuningStudy.ticked_at, TuningStudy.budget_minutes)
        .where(TuningStudy.id == study_id)
        .with_for_update()
    ).one()
    since = 0.0 if study.ticked_at is None else (now - study.ticked_at).total_seconds()
    # Clocks of several machines may differ: time never goes back.
    spent = study.spent_seconds + (since if 0 < since <= longest_s else 0.0)
    session.execute(
        update(TuningStudy)
        .where(TuningStudy.id == study_id)
        .values(spent_seconds=spent, ticked_at=now)
    )
    return Tick(spent, 60 * study.budget_minutes, _wanted(session, study_id))


def _wanted(session: Session, study_id: int) -> bool:
    statement = select(Job.state, Job.cancel_requested).where(Job.id == study_id)
    state, cancel_requested = session.execute(statement).one()
    return state in ("queued", "running") and not cancel_requested


def trials(session: Session, study_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """The trials of these studies, by study, in order of number."""
    statement = (
        select(*TuningTrial.__table__.columns)
        .where(TuningTrial.study_id.in_(study_ids))
        .order_by(TuningTrial.study_id, TuningTrial.number)
    )
    found: dict[int, list[AnyRow]] = {study_id: [] for study_id in study_ids}
    for row in session.execute(statement):
        found[row.study_id].append(row)
    return found


def begin_trial(session: Session, values: dict[str, Any]) -> int | None:
    """Write a running trial and return its key; None where its number is taken already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(TuningTrial)
        .values(state=TrialState.RUNNING, intermediate={}, seconds=0.0, **values)
        .on_conflict_do_nothing(index_elements=["study_id", "number"])
        .returning(TuningTrial.id)
    )
    return session.execute(statement).scalar()


def record_trial(session: Session, trial_id: int, **values: Any) -> bool:
    """Write what a running trial has found; False where it has been ended by others."""
    found = session.execute(
        update(TuningTrial)
        .where(TuningTrial.id == trial_id, TuningTrial.state == TrialState.RUNNING)
        .values(**values)
        .returning(TuningTrial.id)
        .execution_options(synchronize_session=False)
    )
    return found.first() is not None


def bury(session: Session, now: datetime, job_id: int | None = None) -> None:
    """Mark as failed the running trials of jobs that no worker holds.

    job_id: of this job instead, held or not: its worker knows that it runs none.
    """
    held = exists().where(Job.id == TuningTrial.job_id, Job.state == "running")
    session.execute(
        update(TuningTrial)
        .where(
            TuningTrial.state == TrialState.RUNNING,
            ~held if job_id is None else TuningTrial.job_id == job_id,
        )
        .values(state=TrialState.FAILED, reason=THE_WORKER_DIED, finished_at=now)
        .execution_options(synchronize_session=False)
    )


def last_fruitful_attempt(session: Session, job_id: int) -> int:
    """The newest attempt at a job in which a trial came to its end; 0 where none did."""
    statement = select(func.max(TuningTrial.attempt)).where(
        TuningTrial.job_id == job_id,
        TuningTrial.state.in_((TrialState.COMPLETE, TrialState.PRUNED)),
    )
    return session.execute(statement).scalar() or 0
