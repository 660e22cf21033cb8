"""A small lab to test in: three people, a clock that is moved by hand, and things on demand.

Everything is made by the same actions that the product uses, on SQLite and on PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import select

from app.actions import discussing, importing, jobs, judging, labeling, queueing, training, tuning
from app.actions.context import Context
from app.actions.discussing import Raised, Settled
from app.actions.labeling import Answer, Receipt
from app.actions.queueing import Wanted, Work
from app.actions.tuning import Seat
from app.domain.accounts import Account, Role
from app.domain.agreement import cross_entropy
from app.domain.labels import CODES
from app.domain.recordings import ImportedLabels, Recording
from app.domain.trials import TrialState
from app.settings import Settings
from app.storage.rows import AnyRow
from app.storage.tables import ComponentState, Job, LabelEventRow

ALICE = Account(1, "Alice", Role.ADMIN)
BOB = Account(2, "Bob", Role.LABELER)
CAROL = Account(3, "Carol", Role.LABELER)
CAST = (ALICE, BOB, CAROL)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOBODY_IS_SURE = (0.25, 0.25, 0.25, 0.25)

Probabilities = Sequence[float]


class Clock:
    """Time stands still until somebody moves it."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **how_far: float) -> None:
        """Move on, e.g. `forward(minutes=16)`."""
        self.time += timedelta(**how_far)


@dataclass(eq=False)
class Nudged:
    """A task queue that only remembers which lanes were nudged."""

    lanes: list[str] = field(default_factory=list)

    def nudge(self, lane: str) -> None:
        """Remember it."""
        self.lanes.append(lane)


class World:
    """The lab. Builders state only what matters; all else is plain and the same each time."""

    def __init__(self, context: Context, clock: Clock, tasks: Nudged) -> None:
        self.context = context
        self.clock = clock
        self.tasks = tasks
        self._made = 0

    @property
    def is_sqlite(self) -> bool:
        """Which engine this is."""
        return self.context.database.is_sqlite

    def with_settings(self, **changed: Any) -> Context:
        """The same world under other settings."""
        settings = Settings(**{**self.context.settings.model_dump(), **changed})
        return Context(self.context.database, self.tasks, settings, self.clock)

    def recording(
        self,
        components: int = 3,
        *,
        labels: Sequence[int] | None = None,
        annotator: str = "suite2p iscell",
    ) -> list[int]:
        """Import a recording; returns its components. labels: 0 to 4, the file's own, if any."""
        self._made += 1
        made = make_recording(components, seed=self._made, labels=labels, annotator=annotator)
        stored = importing.store(self.context, ALICE, [made], source="made up")
        return self.components_of(stored[0].recording_id)

    def component(
        self,
        *,
        imported: int | None = None,
        labeled_by: Sequence[Account] = (),
        label: int = 1,
        entropy: float | None = None,
    ) -> int:
        """One component in a recording of its own."""
        key = self.recording(1, labels=None if imported is None else [imported])[0]
        for who in labeled_by:
            self.label(who, key, label)
        if entropy is not None:
            self.train({key: probabilities_of(entropy)})
        return key

    def components_of(self, recording: int) -> list[int]:
        """The components of a recording, by key."""
        return [row.component_id for row in self.states() if row.recording_id == recording]

    def label(self, who: Account, component: int, label: int, **more: Any) -> UUID:
        """An answer that is saved; returns its id. more: `id`, `lease`, `round`, `seconds`."""
        given = Answer(component=component, label=label, **{"id": uuid4(), **more})
        receipt = self.post(who, given)[0]
        assert receipt.status == "saved", receipt
        return given.id

    def post(self, who: Account, *answers: Answer) -> list[Receipt]:
        """Answers as they arrive together."""
        return labeling.answer(self.context, who, answers)

    def undo(self, who: Account, undoes: UUID) -> UUID:
        """Take an answer or skip back; returns the undo's id."""
        event = uuid4()
        labeling.undo(self.context, who, event, undoes)
        return event

    def skip(self, who: Account, component: int, round: int | None = None) -> UUID:
        """Pass a component on to others; returns the skip's id."""
        skipped = Answer(uuid4(), component, 0, round=round)
        labeling.skip(self.context, who, skipped, None)
        return skipped.id

    def put_up(self, who: Account, component: int, text: str = "") -> UUID:
        """Put a component up for discussion; returns the turn's id."""
        raised = Raised(uuid4(), component, text)
        discussing.put_up(self.context, who, raised)
        return raised.id

    def settle(self, component: int, label: int, first: Account, second: Account) -> UUID:
        """Put up and settled by two people who have answered; returns the label's id."""
        self.put_up(first, component)
        agreed = Settled(uuid4(), component, label, second.name, "")
        discussing.settle(self.context, first, agreed)
        return agreed.id

    def work_for(
        self, who: Account, strategy: str = "unlabeled", count: int = 1, **more: Any
    ) -> list[Work]:
        """What the queue hands out. more: `recording`, `round`, `holding`."""
        return queueing.next_components(self.context, who, Wanted(strategy, count, **more))[0]

    def next_for(self, who: Account, strategy: str = "unlabeled", **more: Any) -> int | None:
        """The one component that the queue hands out, or None."""
        work = self.work_for(who, strategy, 1, **more)
        return work[0].component if work else None

    def train(self, opinions: Mapping[int, Probabilities]) -> int:
        """A training run that succeeded with these probabilities; returns its id.

        Labels are those of now. Earlier opinions of components that are not named are kept.
        """
        run = training.request_run(self.context, ALICE)
        job = self.claimed(run.id)
        snapshot = training.take_snapshot(self.context, run.id)
        self.predict(run.id, opinions, snapshot)
        judging.show_predictions(self.context, run.id)
        assert jobs.finish(self.context, job, "succeeded")
        return run.id

    def claimed_and_done(self, run_id: int) -> None:
        """Let a run that was asked for succeed, with nothing to show for it."""
        job = self.claimed(run_id)
        training.take_snapshot(self.context, run_id)
        assert jobs.finish(self.context, job, "succeeded")

    def tried(
        self,
        study_id: int,
        config: Mapping[str, Any],
        value: float | None = None,
        reason: str | None = None,
    ) -> None:
        """A trial of a tuning that a worker ran: complete with a value, else pruned."""
        found = tuning.get_study(self.context, study_id)
        seat = Seat(study_id, jobs.get(self.context, study_id), "worker")
        trial = tuning.begin_trial(self.context, seat, len(found.trials), dict(config))
        assert trial is not None
        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        f1 = None if value is None else 1 - value
        tuning.end_trial(
            self.context, trial, state, value=value, macro_f1=f1, reason=reason, seconds=12.0
        )

    def claimed(self, job_id: int) -> Job:
        """Claim a job as a worker does; those before it in its lane are ended."""
        lane = jobs.LANES[jobs.get(self.context, job_id).kind]
        while (job := jobs.claim(self.context, lane)) is not None and job.id != job_id:
            jobs.finish(self.context, job, "succeeded")
        assert job is not None
        return job

    def predict(
        self, run: int, opinions: Mapping[int, Probabilities], snapshot: training.Snapshot
    ) -> None:
        """Store a run's predictions; out of fold for what the snapshot has a label of."""
        told = dict(zip(snapshot.component_ids.tolist(), snapshot.labels.tolist(), strict=True))
        rows = []
        for component, given in sorted(opinions.items()):
            label = told.get(component)
            uncertain = entropy_of(given)
            rows.append(
                {
                    "run_id": run,
                    "component_id": component,
                    **{f"p{code}": float(given[code - 1]) for code in CODES},
                    "entropy": uncertain,
                    "quality": None if label is None else cross_entropy(label, given) - uncertain,
                    "trained_label": label,
                    "out_of_fold": label is not None,
                    "mutual_information": uncertain / 2 if label is None else None,
                    "dcal": uncertain / 2,
                    "dal": uncertain / 3,
                    "diverse": uncertain / 4,
                    "chance_wrong": None if label is None else 1 - float(given[label - 1]),
                    "fold": None if label is None else component % 2,
                }
            )
        judging.store_predictions(self.context, rows)
        training.record_result(self.context, run, weights=b"made up")

    def state(self, component: int) -> ComponentState:
        """What the cache holds of a component."""
        with self.context.database.read() as session:
            found = session.get(ComponentState, component)
        assert found is not None
        return found

    def states(self) -> list[ComponentState]:
        """What the cache holds, by component."""
        with self.context.database.read() as session:
            statement = select(ComponentState).order_by(ComponentState.component_id)
            return list(session.execute(statement).scalars())

    def log(self) -> list[AnyRow]:
        """The whole event log, oldest first."""
        with self.context.database.read() as session:
            columns = LabelEventRow.__table__.columns
            return list(session.execute(select(*columns).order_by(LabelEventRow.id)))


def make_recording(
    components: int,
    *,
    seed: int,
    labels: Sequence[int] | None = None,
    annotator: str = "suite2p iscell",
) -> Recording:
    """A recording of random blobs; another seed is another recording."""
    generator = np.random.default_rng(seed)
    masks = generator.random((components, 50, 50), np.float32)
    masks[:, :15] = masks[:, 35:] = masks[:, :, :15] = masks[:, :, 35:] = 0
    own = () if labels is None else (ImportedLabels(annotator, np.array(labels, np.int8)),)
    return Recording(
        name=f"recording {seed}",
        source_format="arrays",
        masks=masks,
        centroids_px=generator.uniform(25, 175, (components, 2)).astype(np.float32),
        source_indices=np.arange(components, dtype=np.int64),
        field_shape_px=(200, 200),
        imported_labels=own,
    )


def entropy_of(probabilities: Probabilities) -> float:
    """Shannon entropy in nats."""
    given = np.array(probabilities)
    given = given[given > 0]
    return float(-(given * np.log(given)).sum())


def probabilities_of(entropy: float) -> Probabilities:
    """Probabilities of this entropy (nats), the first class being the likeliest."""
    low, high = 0.0, 0.25
    for _ in range(60):
        middle = (low + high) / 2
        if entropy_of((1 - 3 * middle, middle, middle, middle)) < entropy:
            low = middle
        else:
            high = middle
    return (1 - 3 * high, high, high, high)
