"""The model card of a training run: what it was made of, how good it is, and where it is weak.

After Mitchell et al., Model Cards for Model Reporting (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.actions import training
from app.actions.context import Context
from app.actions.training import RunView
from app.domain.confusion import accuracy, commonest_share, macro_f1
from app.domain.errors import Conflict
from app.domain.labels import TITLES, Label
from app.storage import cards as storage
from app.storage.rows import AnyRow

FEW_LABELS = 50
"""With fewer labels, a class's precision and recall may be off by more than ten points."""

FEW_RECORDINGS = 5
FAR_BELOW = 0.1
SIMULATED = "simulated"


@dataclass(frozen=True)
class RecordingScores:
    """How right the run is in one recording, out of fold.

    confidence: the mean probability of the predicted class; as high as `accuracy` where the
    probabilities mean what they say.
    """

    name: str
    source_format: str
    frames: int | None
    frame_rate_hz: float | None
    labeled: int
    accuracy: float
    macro_f1: float
    confidence: float


@dataclass(frozen=True)
class Spread:
    """Of a figure over recordings. deviation: None where there is one recording only."""

    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Origin:
    """Who the labels are from. answered: components that people answered; imported_sources: the
    annotators that came with files.
    """

    people: int
    answered: int
    imported_sources: int


@dataclass(frozen=True)
class Card:
    """All that a run's model card says. commonest: accuracy of always saying the commonest."""

    run: RunView
    metrics: dict[str, Any]
    recordings: list[RecordingScores]
    accuracy: Spread
    macro_f1: Spread
    commonest: float
    origin: Origin
    limits: list[str]


def card_of(context: Context, run_id: int) -> Card:
    """The card of a run that has succeeded.

    Raises NotFound, and Conflict where the run has nothing to tell, or kept too little.
    """
    run = training.get_run(context, run_id)
    metrics = run.metrics or {}
    if run.state != "succeeded":
        raise Conflict(f"Training run {run_id} is {run.state}. Cards are of runs that succeeded.")
    if not {"confusion", "reliability", "classes"} <= metrics.keys():
        raise Conflict(
            f"Training run {run_id} is from before confusion and calibration were kept. "
            "Train again, and take the card of that run."
        )
    with context.database.read() as session:
        found = storage.recordings(session, run_id)
        tested = storage.tested(session, run_id)
        answers = storage.answers(session, run.snapshot_event_id or 0)
    recordings = _scores(found, tested)
    return Card(
        run,
        metrics,
        recordings,
        accuracy=_spread([one.accuracy for one in recordings]),
        macro_f1=_spread([one.macro_f1 for one in recordings]),
        commonest=commonest_share(np.array(metrics["confusion"], np.int64)) or 0.0,
        origin=_origin(answers),
        limits=_limits(metrics, recordings),
    )


def _scores(found: Sequence[AnyRow], tested: Sequence[AnyRow]) -> list[RecordingScores]:
    tables: dict[int, NDArray[np.int64]] = {row.id: np.zeros((4, 4), np.int64) for row in found}
    sure: dict[int, float] = dict.fromkeys(tables, 0.0)
    for row in tested:
        tables[row.recording_id][row.label - 1, row.predicted - 1] = row.components
        sure[row.recording_id] += row.confidence
    return [
        RecordingScores(
            row.name,
            row.source_format,
            row.frames,
            row.frame_rate_hz,
            labeled=int(tables[row.id].sum()),
            accuracy=accuracy(tables[row.id]) or 0.0,
            macro_f1=macro_f1(tables[row.id]) or 0.0,
            confidence=sure[row.id] / int(tables[row.id].sum()),
        )
        for row in found
    ]


def _spread(values: list[float]) -> Spread:
    deviation = stdev(values) if len(values) > 1 else None
    return Spread(mean(values), deviation, min(values), max(values))


def _origin(answers: Sequence[AnyRow]) -> Origin:
    by_person: dict[bool, AnyRow] = {bool(row.person): row for row in answers}
    people, files = by_person.get(True), by_person.get(False)
    return Origin(
        people.labelers if people else 0,
        people.components if people else 0,
        files.labelers if files else 0,
    )


def _limits(metrics: dict[str, Any], recordings: list[RecordingScores]) -> list[str]:
    """What these very figures warn of, a sentence each."""
    said = []
    simulated = sum(one.source_format == SIMULATED for one in recordings)
    if simulated:
        said.append(
            f"{'All' if simulated == len(recordings) else simulated} of its recordings are "
            "simulated. The figures say how well it learns, and nothing about real tissue."
        )
    if not metrics.get("grouped", True):
        said.append(
            f"The folds are not by recording ({metrics.get('ungrouped_reason')}), so what tested a "
            "component had seen its neighbours: a new recording will be harder than these figures."
        )
    elif len(recordings) < FEW_RECORDINGS:
        said.append(
            f"It knows {len(recordings)} recordings. What others, with other optics, zoom or "
            "indicators, would bring is not in these figures."
        )
    said += [
        f"{TITLES[Label(int(code))].capitalize()}: only {one['support']} labels, so its figures "
        "are rough."
        for code, one in sorted(metrics["classes"].items())
        if one["support"] < FEW_LABELS
    ]
    worst = min(recordings, key=lambda one: one.accuracy)
    if worst.accuracy < metrics["accuracy"] - FAR_BELOW:
        said.append(
            f"In {worst.name} it is right {worst.accuracy:.0%} of the time, far below the "
            f"{metrics['accuracy']:.0%} of all. Recordings like that one need labels of their own."
        )
    return said
