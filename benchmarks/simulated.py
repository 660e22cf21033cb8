"""The shared simulated fields of view: what may be learned from, and a referee who knows more.

The truth never reaches a training or a choice: `Referee` keeps it to itself (the linter refuses
to let others read its private parts) and gives out nothing but scores and simulated answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, CODES, columns_of
from classifier.inputs import Components
from classifier.metrics import classification_metrics

PUBLIC = Path(__file__).resolve().parents[2] / "shared" / "data" / "simulated" / "public.npz"

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fields:
    """What one may learn from. labels: (components,) codes by one imperfect labeler.

    components.recordings holds the field of view of each component.
    """

    components: Components
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Fields":
        """Those components alone."""
        return Fields(self.components.take(rows), self.labels[rows])


class Referee:
    """Knows what was simulated, scores what others say of it, and answers as a labeler would.

    truth: (components,) codes. answers: (components, labelers) codes that imperfect people gave,
    from which it learns how they err; none where nobody answers here.
    """

    def __init__(self, truth: ArrayLike, answers: ArrayLike | None = None) -> None:
        self._truth = np.asarray(truth, dtype=np.int64)
        self._columns = columns_of(self._truth)
        self._answers = None if answers is None else np.asarray(answers, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._truth)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Referee":
        """The referee of those components alone."""
        answers = None if self._answers is None else self._answers[rows]
        return Referee(self._truth[rows], answers)

    def scores(self, probabilities: Probabilities) -> dict[str, Any]:
        """Every metric of predictions of all components against the truth."""
        return classification_metrics(probabilities, self._truth)

    def agreement(self, labels: Labels) -> float:
        """The share of these labels that are right."""
        return float((labels == self._truth).mean())

    def average_precision(self, scores: NDArray[np.floating], code: int) -> float:
        """How well these scores rank the components that truly are of this class first, 0 to 1."""
        hits = self._truth[np.argsort(-scores, kind="stable")] == code
        found = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        return float(found[hits].mean()) if hits.any() else float("nan")

    def finding(self, suspicion: NDArray[np.float64], labels: Labels) -> dict[str, float]:
        """How well the most suspect labels are the wrong ones.

        suspicion: (components,) bigger is more suspect. Returns `first_tenth`, the share of
        wrong labels among the tenth that is most suspect, `auc`, and `chance`, the share in all.
        """
        wrong = labels != self._truth
        order = np.argsort(-suspicion, kind="stable")
        tenth = order[: max(1, round(len(order) / 10))]
        return {
            "first_tenth": float(wrong[tenth].mean()),
            "auc": _auc(suspicion, wrong),
            "chance": float(wrong.mean()),
        }

    def confusion(self) -> NDArray[np.float64]:
        """(4, 4) how often a labeler gives each code (columns) to each true class (rows)."""
        if self._answers is None:
            raise ValueError("This referee has seen nobody answer.")
        counts = np.zeros((CLASSES, CLASSES))
        for labeler in range(self._answers.shape[1]):
            np.add.at(counts, (self._columns, columns_of(self._answers[:, labeler])), 1)
        return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))

    def answer(self, rows: NDArray[np.integer], rng: np.random.Generator) -> Labels:
        """What one simulated labeler says of these components, with these labelers' errors."""
        shares = self.confusion()[self._columns[rows]].cumsum(axis=1)
        drawn = (rng.random(len(rows))[:, None] > shares[:, :-1]).sum(axis=1)
        return np.asarray(np.asarray(CODES, dtype=np.int64)[drawn])


def load(path: Path = PUBLIC) -> tuple[Fields, Referee]:
    """The fields of view of `public.npz`, and the referee who knows their truth.

    Raises SystemExit that says where the file is expected.
    """
    if not path.exists():
        raise SystemExit(
            f"{path.name} is missing at {path.parent}. It is expected beside the project, in "
            f"shared/data/simulated; --data PATH names another place."
        )
    with np.load(path) as data:
        contexts = np.stack([data["mean_crop"], data["corr_crop"]], axis=1).astype(np.float32)
        # The file has zeros beyond the field of view, where there is no image.
        contexts[np.broadcast_to((contexts == 0).all(axis=1)[:, None], contexts.shape)] = np.nan
        components = Components(
            masks=data["masks"],
            traces=list(data["traces"].astype(np.float32)),
            frame_rates_hz=data["fps"].astype(np.float64),
            contexts=contexts,
            recordings=data["fov"].astype(np.int64),
            centres_px=data["centroid"].astype(np.float64),
        )
        fields = Fields(components, data["initial_label"].astype(np.int64))
        return fields, Referee(data["truth"], data["annotator_labels"])


def some_fields(
    fields: Fields, referee: Referee, count: int, most_each: int
) -> tuple[Fields, Referee]:
    """The first `count` fields of view, at most so many components of each: for a quick look."""
    recordings = fields.components.groups
    chosen = np.concatenate(
        [np.flatnonzero(recordings == one)[:most_each] for one in np.unique(recordings)[:count]]
    )
    return fields.take(chosen), referee.take(chosen)


def joined(parts: Sequence[Components]) -> Components:
    """Components of several recordings as one; a kind of input is there if all have it."""
    first = parts[0]
    traces = [trace for part in parts for trace in part.traces or ()]
    return Components(
        masks=np.concatenate([part.masks for part in parts]),
        traces=None if first.traces is None else traces,
        frame_rates_hz=(
            None
            if first.frame_rates_hz is None
            else np.concatenate([_present(part.frame_rates_hz) for part in parts])
        ),
        contexts=(
            None
            if first.contexts is None
            else np.concatenate([_present(part.contexts) for part in parts])
        ),
        recordings=np.concatenate([part.groups for part in parts]),
        centres_px=(
            None
            if first.centres_px is None
            else np.concatenate([_present(part.centres_px) for part in parts])
        ),
    )


def _present(array: NDArray[Any] | None) -> NDArray[Any]:
    if array is None:
        raise ValueError("Some recordings have this kind of input and some do not.")
    return array


def _auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The chance that a positive scores higher than a negative; ties count half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    hits, misses = int(positive.sum()), int((~positive).sum())
    if hits == 0 or misses == 0:
        return float("nan")
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))
