"""The numbers that sort the queue, computed here alone: what is worth a person's answer."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.actions import judging, learning
from app.actions.context import Context
from app.worker.looks import filled
from classifier.acquisition import LabeledModel, confidence_score, mixed, spread_out
from classifier.measures import VERSION, alone
from classifier.uncertainty import mutual_information

Orders = Mapping[str, Sequence[float | None]]
"""A column of `prediction` to a number for each component, the same components in each."""

DRAWN = 500
"""How many diverse components a run names: some hours of labeling, until another is trained."""

DRAWN_FROM = 5_000
"""The most unanswered, and the most answered components that a draw looks at."""


def orders_of(
    probabilities: NDArray[np.float64],
    measures: NDArray[np.float32] | None,
    look: LabeledModel | None,
    by_fold: NDArray[np.float64] | None = None,
) -> Orders:
    """Every order that a component has by itself; None where it cannot be known.

    probabilities: (components, 4). measures: of each, the kept ones. look: labeled against
    unlabeled, by the same measures. by_fold: (folds, components, 4), where several were asked.
    `diverse` depends on all components, so it is `draw_diverse`'s.
    """
    unknown: list[float | None] = [None] * len(probabilities)
    found: dict[str, Sequence[float | None]] = {
        "mutual_information": unknown if by_fold is None else mutual_information(by_fold).tolist(),
        "dcal": unknown,
        "dal": unknown,
    }
    if look is None or measures is None:
        return found
    seen = look.look(alone(measures))
    return {
        **found,
        "dcal": mixed(probabilities, seen).tolist(),
        "dal": (1.0 - seen.chance).tolist(),
    }


def draw_diverse(context: Context, run_id: int) -> int:
    """Name the unanswered components to ask about together, by this run; returns how many.

    Each is drawn by how undecided the run is, and by how far it lies from all that are answered or
    drawn before. With more than `DRAWN_FROM` it is from among the same draw each time.
    """
    answered = learning.answered_by_people(context)
    open_keys = np.setdiff1d(np.array(learning.all_components(context), np.int64), answered)
    rng = np.random.default_rng(0)
    candidates = _some(open_keys, rng)
    labeled = _some(np.array(answered, np.int64), rng)
    given = judging.probabilities_of(
        context, run_id, np.concatenate([candidates, labeled]).tolist()
    )
    # What was imported this moment is not judged yet, and not measured either.
    keys = list(given)
    measures = learning.measures_of(context, keys, VERSION)
    worth: dict[int, float] = {}
    if measures is not None:
        is_labeled = np.isin(keys, labeled)
        undecided = confidence_score(list(given.values()))
        drawn = spread_out(filled(measures), is_labeled, DRAWN, rng, undecided)
        worth = {keys[row]: 1.0 - place / DRAWN for place, row in enumerate(drawn)}
    judging.store_diverse(context, run_id, worth)
    return len(worth)


def _some(keys: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    if len(keys) <= DRAWN_FROM:
        return keys
    return np.sort(rng.choice(keys, DRAWN_FROM, replace=False))
