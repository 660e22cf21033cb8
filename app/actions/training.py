"""Training runs: asked for by people, carried out by the worker, kept so they can be repeated."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.actions import jobs
from app.actions.context import Context, require_admin
from app.domain.accounts import Account
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.events import current_label, looks_behind
from app.domain.labels import CODES
from app.storage import components, events, runs
from app.storage import jobs as job_rows
from app.storage.rows import AnyRow

THOROUGH: dict[str, Any] = {"architecture": "late_fusion", "layers": 18, "window": 28}
"""A config that is more right than the default; it takes minutes where that takes seconds."""


@dataclass(frozen=True)
class RunView:
    """A run as pages and programs see it.

    serving: whether its predictions are in use. start_from: the run that it goes on from.
    repeats: the run whose labels, config and beginning it has.
    """

    id: int
    state: str
    progress: dict[str, Any]
    config: dict[str, Any]
    start_from: int | None
    repeats: int | None
    metrics: dict[str, Any] | None
    environment: dict[str, Any] | None
    snapshot_event_id: int | None
    labels: int | None
    attempts: int
    error: str | None
    cancel_requested: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    serving: bool


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a run is trained on: the labels as they stood at one event.

    component_ids, labels (1 to 4), recording_ids: (components,), in order of key. answers:
    (components, 4) how many looks at it gave each code.
    unlabeled: the keys of what else these recordings hold. A recording gets no components after its
    import, so they too are the same at every repetition.
    """

    event_id: int
    component_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    unlabeled: NDArray[np.int64]


def request_run(
    context: Context,
    by: Account | None,
    config: dict[str, Any] | None = None,
    *,
    start_from: int | None = None,
) -> RunView:
    """Queue a training run. by: None where Somata itself asks.

    start_from: go on from this run's models, with a twelfth of its passes and its config.
    Raises Conflict while another one waits or runs, or where `start_from` cannot be gone on from;
    NotFound where there is no such run; InvalidInput for a config that differs from its own.
    """
    if by is not None:
        require_admin(by)
    with context.database.write() as session:
        jobs.refuse_second(session, "train")
        if start_from is not None:
            config = _config_of_parent(session, start_from, config or {})
        run_id = jobs.add(context, session, "train", by=by)
        runs.add(session, run_id, config or {}, start_from)
    context.tasks.nudge(jobs.LANES["train"])
    return get_run(context, run_id)


def repeat_run(context: Context, by: Account | None, run_id: int) -> RunView:
    """Queue a run on the labels as they stood for this one, with its config and beginning.

    It gives the same numbers on the same kind of machine with the same software, and says whether
    it did. Its predictions are used only if it is promoted.
    Raises NotFound; Conflict while another run waits or runs, or where this one has not succeeded.
    """
    if by is not None:
        require_admin(by)
    with context.database.write() as session:
        jobs.refuse_second(session, "train")
        original = _succeeded(session, run_id, "Repeat")
        new_id = jobs.add(context, session, "train", by=by)
        runs.add_repeat(session, new_id, original)
    context.tasks.nudge(jobs.LANES["train"])
    return get_run(context, new_id)


def _succeeded(session: Session, run_id: int, act: str) -> AnyRow:
    found = runs.one(session, run_id)
    if found is None:
        raise NotFound("training run", run_id)
    if found.state != "succeeded":
        raise Conflict(f"Training run {run_id} is {found.state}. {act} one that has succeeded.")
    return found


def furthest_apart(context: Context, run_id: int, other: int) -> float:
    """The most that any probability of a component which both runs judged differs, 0 to 1."""
    with context.database.read() as session:
        return runs.furthest(session, run_id, other)


def can_be_gone_on_from(context: Context, run_id: int | None) -> bool:
    """Whether a new run may start from this one's models."""
    if run_id is None:
        return False
    with context.database.read() as session:
        found = runs.one(session, run_id)
        return found is not None and found.state == "succeeded" and runs.has_folds(session, run_id)


def folds_before(context: Context, run_id: int) -> dict[int, int]:
    """The fold in which each component was last tested, by this run or those it goes on from.

    What was labeled once and is not at the moment keeps its fold too: the models have seen it.
    """
    found: dict[int, int] = {}
    with context.database.read() as session:
        parent: int | None = run_id
        while parent is not None:
            found = {**runs.folds(session, parent), **found}
            row = runs.one(session, parent)
            parent = None if row is None else row.start_from
    return found


def _config_of_parent(session: Session, run_id: int, asked: dict[str, Any]) -> dict[str, Any]:
    found = _succeeded(session, run_id, "Start from")
    if not runs.has_folds(session, run_id):
        raise Conflict(
            f"Of training run {run_id} it was not kept which component was in which fold. Start "
            "from a newer run, or leave start_from out."
        )
    for name, value in asked.items():
        if name not in found.config or found.config[name] != value:
            raise InvalidInput(
                f"A run that goes on from run {run_id} has its config, where {name} is "
                f"{found.config.get(name)!r}, not {value!r}. Leave out config or start_from."
            )
    return dict(found.config)


def get_run(context: Context, run_id: int) -> RunView:
    """The run as it is now. Raises NotFound."""
    with context.database.read() as session:
        found, serving = runs.one(session, run_id), runs.serving(session)
    if found is None:
        raise NotFound("training run", run_id)
    return _view(found, serving)


def list_runs(context: Context, before_id: int | None, limit: int) -> list[RunView]:
    """Runs, newest first, older than `before_id` if given."""
    with context.database.read() as session:
        serving = runs.serving(session)
        return [_view(row, serving) for row in runs.page(session, before_id, limit)]


def cancel_run(context: Context, by: Account, run_id: int) -> RunView:
    """Stop a run that waits or runs. Raises Conflict where it has ended."""
    require_admin(by)
    found = get_run(context, run_id)
    if found.state not in job_rows.LIVE:
        raise Conflict(f"Training run {run_id} has {found.state} already.")
    jobs.cancel(context, run_id)
    return get_run(context, run_id)


def take_snapshot(context: Context, run_id: int) -> Snapshot:
    """The labels to train on. A run that is tried again gets the very labels it had before."""
    with context.database.write() as session:
        found = runs.one(session, run_id)
        if found is None:
            raise NotFound("training run", run_id)
        event_id = found.snapshot_event_id
        if event_id is None:
            event_id = events.last_id(session)
            runs.record(session, run_id, snapshot_event_id=event_id)
        runs.forget_attempt(session, run_id)
    snapshot = labels_at(context, event_id)
    with context.database.write() as session:
        runs.record(session, run_id, labels=len(snapshot.labels))
    return snapshot


def labels_at(context: Context, event_id: int) -> Snapshot:
    """The consensus of every labeled component after this event and none later."""
    keys: list[int] = []
    labels: list[int] = []
    answers: list[list[int]] = []
    with context.database.read() as session:
        log = events.up_to(session, event_id)
        for component_id, group in groupby(log, key=lambda event: event.component_id):
            its_log = list(group)
            label = current_label(its_log).label
            if label is not None:
                keys.append(component_id)
                labels.append(label)
                looks = looks_behind(its_log)
                answers.append([looks.count(code) for code in CODES])
        recording_of = components.recordings_of(session)
    return Snapshot(
        event_id,
        np.array(keys, np.int64),
        np.array(labels, np.int64),
        np.array(answers, np.int64).reshape(-1, len(CODES)),
        np.array([recording_of[key] for key in keys], np.int64),
        _others_of(recording_of, keys),
    )


def _others_of(recording_of: dict[int, int], keys: list[int]) -> NDArray[np.int64]:
    """What else there is in the recordings of these components, in order of key."""
    known = set(keys)
    within = {recording_of[key] for key in keys}
    others = (key for key, recording in recording_of.items() if recording in within)
    return np.array(sorted(key for key in others if key not in known), np.int64)


def record_result(context: Context, run_id: int, **values: Any) -> None:
    """Keep the run's weights, metrics and environment."""
    with context.database.write() as session:
        runs.record(session, run_id, **values)


def weights_of(context: Context, run_id: int) -> bytes | None:
    """A run's ensemble as safetensors bytes."""
    with context.database.read() as session:
        return runs.weights(session, run_id)


def weights_size(context: Context, run_id: int) -> int | None:
    """How many bytes those are."""
    with context.database.read() as session:
        return runs.weights_size(session, run_id)


def retrain_if_due(context: Context) -> RunView | None:
    """Ask for a run by the debounced rule: enough new labels, then quiet."""
    wanted = context.settings.retrain_after_labels
    if wanted == 0:
        return None
    with context.database.read() as session:
        if job_rows.live(session, ["train"]):
            return None
        count, newest_at = events.since(session, runs.last_snapshot(session))
    quiet = timedelta(minutes=context.settings.retrain_quiet_minutes)
    if count < wanted or newest_at is None or context.now() - newest_at < quiet:
        return None
    try:
        return request_run(context, None)
    except Conflict:
        # An admin, or another worker by the same rule, was quicker.
        return None


def _view(row: AnyRow, serving: AnyRow | None) -> RunView:
    return RunView(
        id=row.id,
        state=row.state,
        progress=row.progress,
        config=row.config,
        start_from=row.start_from,
        repeats=row.repeats,
        metrics=row.metrics,
        environment=row.environment,
        snapshot_event_id=row.snapshot_event_id,
        labels=row.labels,
        attempts=row.attempts,
        error=row.error,
        cancel_requested=row.cancel_requested,
        created_by=row.created_by,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        serving=serving is not None and serving.id == row.id,
    )
