"""Training runs, their weights and their predictions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.storage import promotions
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import Component, Job, Labeler, Prediction, TrainingRun

_SHOWN = (
    select(
        TrainingRun.id,
        TrainingRun.config,
        TrainingRun.start_from,
        TrainingRun.repeats,
        TrainingRun.metrics,
        TrainingRun.environment,
        TrainingRun.snapshot_event_id,
        TrainingRun.labels,
        Job.state,
        Job.progress,
        Job.attempts,
        Job.error,
        Job.cancel_requested,
        Job.created_at,
        Job.started_at,
        Job.finished_at,
        func.coalesce(Labeler.name, "Somata").label("created_by"),
    )
    .join(Job, Job.id == TrainingRun.id)
    .outerjoin(Labeler, Labeler.id == Job.created_by)
)

_PREDICTED = select(
    Prediction.component_id,
    Component.recording_id,
    Prediction.run_id,
    Prediction.p1,
    Prediction.p2,
    Prediction.p3,
    Prediction.p4,
    Prediction.entropy,
    Prediction.quality,
    Prediction.trained_label,
    Prediction.out_of_fold,
    Prediction.mutual_information,
    Prediction.dcal,
    Prediction.dal,
    Prediction.diverse,
    Prediction.chance_wrong,
).join(Component, Component.id == Prediction.component_id)


def add(
    session: Session, job_id: int, config: dict[str, Any], start_from: int | None = None
) -> None:
    """The run of a training job. start_from: the run that it goes on from."""
    session.execute(insert(TrainingRun).values(id=job_id, config=config, start_from=start_from))


def add_repeat(session: Session, job_id: int, original: AnyRow) -> None:
    """The run of a training job that has the labels, config and beginning of an earlier run."""
    session.execute(
        insert(TrainingRun).values(
            id=job_id,
            config=original.config,
            start_from=original.start_from,
            snapshot_event_id=original.snapshot_event_id,
            repeats=original.id,
        )
    )


def one(session: Session, run_id: int) -> AnyRow | None:
    """A run with its job's state, or None."""
    return session.execute(_SHOWN.where(TrainingRun.id == run_id)).first()


def page(session: Session, before_id: int | None, limit: int) -> Sequence[AnyRow]:
    """Runs, newest first."""
    statement = _SHOWN.order_by(TrainingRun.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(TrainingRun.id < before_id)
    return session.execute(statement).all()


_HAS_A_MODEL = or_(
    Job.state == "succeeded",
    # All is stored and only the queue is left to sort: whoever else sorts it must know.
    and_(Job.state == "running", TrainingRun.weights.is_not(None)),
)
_MODELS = select(TrainingRun.id, TrainingRun.snapshot_event_id).join(Job, Job.id == TrainingRun.id)

# Runs are few and jobs are many: so written, engines begin with the runs.
_NEWEST_WITH_MODEL = (
    select(TrainingRun.id, TrainingRun.snapshot_event_id)
    # A repeat is made to check an earlier run, whose labels may be old: none follows it unasked.
    .where(TrainingRun.repeats.is_(None))
    .where(exists().where(Job.id == TrainingRun.id, _HAS_A_MODEL))
    .order_by(TrainingRun.id.desc())
    .limit(1)
)


def serving(session: Session) -> AnyRow | None:
    """The run whose opinion counts (id, snapshot_event_id), or None before the first.

    It is the one that an admin promoted; the newest where nobody did, or the last choice was
    the newest.
    """
    choice = promotions.standing(session)
    if choice is None or choice.run_id is None:
        return newest_with_model(session)
    return session.execute(_MODELS.where(TrainingRun.id == choice.run_id)).first()


def newest_with_model(session: Session) -> AnyRow | None:
    """The newest run whose model and predictions are there (id, snapshot_event_id)."""
    return session.execute(_NEWEST_WITH_MODEL).first()


def succeeded_before(
    session: Session, run_id: int, most_labels: float, limit: int
) -> Sequence[AnyRow]:
    """Runs before this one that succeeded with at most so many labels, the newest first.

    Rows of id, labels, config, start_from.
    """
    statement = (
        select(TrainingRun.id, TrainingRun.labels, TrainingRun.config, TrainingRun.start_from)
        .join(Job, Job.id == TrainingRun.id)
        .where(TrainingRun.id < run_id, TrainingRun.labels <= most_labels, Job.state == "succeeded")
        .where(TrainingRun.repeats.is_(None))
        .order_by(TrainingRun.id.desc())
        .limit(limit)
    )
    return session.execute(statement).all()


def last_snapshot(session: Session) -> int:
    """The newest event that any run, ended or not, has looked at; 0 before the first."""
    return session.execute(select(func.max(TrainingRun.snapshot_event_id))).scalar() or 0


def weights(session: Session, run_id: int) -> bytes | None:
    """The run's ensemble as safetensors bytes."""
    return session.execute(select(TrainingRun.weights).where(TrainingRun.id == run_id)).scalar()


def weights_size(session: Session, run_id: int) -> int | None:
    """How many bytes the run's ensemble takes."""
    statement = select(func.length(TrainingRun.weights)).where(TrainingRun.id == run_id)
    return session.execute(statement).scalar()


def has_folds(session: Session, run_id: int) -> bool:
    """Whether it is known which fold of the run tested which component."""
    kept = exists().where(Prediction.run_id == run_id, Prediction.fold.is_not(None))
    return bool(session.execute(select(kept)).scalar())


def folds(session: Session, run_id: int) -> dict[int, int]:
    """The fold of the run that tested each component which it was trained on."""
    statement = select(Prediction.component_id, Prediction.fold).where(
        Prediction.run_id == run_id, Prediction.fold.is_not(None)
    )
    return {row.component_id: row.fold for row in session.execute(statement)}


def furthest(session: Session, run_id: int, other: int) -> float:
    """The most that any probability of a component which both runs judged differs, 0 to 1."""
    theirs = aliased(Prediction)
    differences = [
        func.max(func.abs(getattr(Prediction, name) - getattr(theirs, name)))
        for name in ("p1", "p2", "p3", "p4")
    ]
    statement = (
        select(*differences)
        .join(theirs, theirs.component_id == Prediction.component_id)
        .where(Prediction.run_id == run_id, theirs.run_id == other)
    )
    return float(max(value or 0.0 for value in session.execute(statement).one()))


def record(session: Session, run_id: int, **values: Any) -> None:
    """Write what the run has found so far."""
    session.execute(update(TrainingRun).where(TrainingRun.id == run_id).values(**values))


def add_predictions(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store a batch of a run's predictions."""
    if rows:
        session.connection().execute(insert(Prediction), list(rows))


def set_diverse(session: Session, run_id: int, worth: Mapping[int, float]) -> None:
    """Let these components, and no others, be the run's diverse ones; worth: the order's number."""
    session.execute(
        update(Prediction)
        .where(Prediction.run_id == run_id, Prediction.diverse.is_not(None))
        .values(diverse=None)
        .execution_options(synchronize_session=False)
    )
    if worth:
        session.connection().execute(
            update(Prediction)
            .where(Prediction.run_id == run_id, Prediction.component_id == bindparam("key"))
            .values(diverse=bindparam("new_diverse")),
            [{"key": key, "new_diverse": value} for key, value in worth.items()],
        )


def forget_attempt(session: Session, run_id: int) -> None:
    """Clear what an interrupted attempt left, before the run is tried again."""
    session.execute(delete(Prediction).where(Prediction.run_id == run_id))
    record(session, run_id, weights=None, metrics=None, environment=None)


def predictions(
    session: Session, run_id: int, recording_id: int | None, after_id: int, limit: int
) -> Sequence[AnyRow]:
    """A page of a run's predictions in the order of components."""
    statement: AnySelect = (
        _PREDICTED.where(Prediction.run_id == run_id, Prediction.component_id > after_id)
        .order_by(Prediction.component_id)
        .limit(limit)
    )
    if recording_id is not None:
        statement = statement.where(Component.recording_id == recording_id)
    return session.execute(statement).all()


def predictions_of(
    session: Session, run_id: int, component_ids: Sequence[int]
) -> dict[int, AnyRow]:
    """A run's predictions of these components, by component."""
    statement = _PREDICTED.where(
        Prediction.run_id == run_id, Prediction.component_id.in_(component_ids)
    )
    return {row.component_id: row for row in session.execute(statement)}


def unpredicted(session: Session, run_id: int, after_id: int, limit: int) -> list[int]:
    """Components that this run has not given an opinion of, in order of key."""
    statement = (
        select(Component.id)
        .where(
            Component.id > after_id,
            ~select(Prediction.component_id)
            .where(Prediction.run_id == run_id, Prediction.component_id == Component.id)
            .exists(),
        )
        .order_by(Component.id)
        .limit(limit)
    )
    return list(session.execute(statement).scalars())
