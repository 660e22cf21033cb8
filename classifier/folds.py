"""Which fold holds each component out: whole recordings together, the classes in balance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, NAMES, columns_of

MIN_COMPONENTS = 8

LEAST_LEFT = 0.25
"""Of a class, to learn from. Where whole recordings would leave less of it, they are divided."""


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """How components are divided.

    fold_of: (components,) int64, the fold that tests the component and so never trains on it.
    folds: how many there are; each has at least one component.
    grouped: whether every recording lies whole within one fold.
    reason: why not, in a sentence, where `grouped` is false.
    """

    fold_of: NDArray[np.int64]
    folds: int
    grouped: bool
    reason: str = ""


def plan_folds(
    labels: ArrayLike,
    groups: ArrayLike,
    folds: int,
    seed: int,
    *,
    before: NDArray[np.int64] | None = None,
) -> FoldPlan:
    """Divides components into folds.

    Neighbours share neuropil and the same cell may recur, so a recording never spans two folds
    where there are at least as many recordings as folds. With fewer, or where one fold would hold
    nearly all of a class that the others then could not learn, components are divided by class
    instead, and the plan says so: its scores flatter.

    labels: (components,) codes 1 to 4. groups: (components,) the recording of each.
    before: (components,) the fold of each in an earlier plan of as many folds, -1 where it had
        none. They keep their folds, and so do their recordings where that plan kept these whole.
    Raises ValueError for fewer than 8 components or than folds, or fewer than two classes.
    """
    columns = columns_of(labels)
    group_of = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    _check(columns, group_of, folds)
    rng = np.random.default_rng(seed)
    if before is not None and (before >= 0).any():
        return _go_on(columns, group_of, folds, rng, before)
    recordings = int(group_of.max()) + 1
    if recordings < folds:
        reason = f"{recordings} labeled recordings are fewer than {folds} folds"
        return FoldPlan(_stratify(columns, folds, rng), folds, False, reason)
    fold_of = _deal_recordings(columns, group_of, folds, rng)
    reason = _why_not_whole(columns, fold_of, folds)
    if reason:
        return FoldPlan(_stratify(columns, folds, rng), folds, False, reason)
    return FoldPlan(fold_of, folds, True)


def _why_not_whole(columns: NDArray[np.int64], fold_of: NDArray[np.int64], folds: int) -> str:
    """Why these folds of whole recordings cannot be trained on; empty where they can."""
    if any(len(np.unique(columns[fold_of != fold])) < 2 for fold in range(folds)):
        return "without one fold's recordings, a single class would be left to train on"
    for column, name in enumerate(NAMES):
        held = np.bincount(fold_of[columns == column], minlength=folds)
        # Of a few there is nothing to learn however they are divided.
        if held.sum() >= folds and held.max() > (1 - LEAST_LEFT) * held.sum():
            return f"{held.max()} of the {held.sum()} labels '{name}' are of one fold's recordings"
    return ""


def _go_on(
    columns: NDArray[np.int64],
    group_of: NDArray[np.intp],
    folds: int,
    rng: np.random.Generator,
    before: NDArray[np.int64],
) -> FoldPlan:
    """The earlier plan with the newcomers in it."""
    fold_of = np.array(before, dtype=np.int64)
    if fold_of.max() >= folds or len(fold_of) != len(columns):
        raise ValueError(f"The earlier folds do not fit {folds} folds of {len(columns)} labels.")
    known = fold_of >= 0
    whole = True
    for recording in np.unique(group_of):
        members = group_of == recording
        its = np.unique(fold_of[members & known])
        whole = whole and len(its) <= 1
        if len(its) == 1:
            fold_of[members] = its[0]
    new = np.flatnonzero(fold_of < 0)
    if whole:
        # A new recording goes as a whole to the fold that has the least.
        for recording in rng.permutation(np.unique(group_of[new])):
            sizes = np.bincount(fold_of[fold_of >= 0], minlength=folds)
            fold_of[group_of == recording] = int(sizes.argmin())
        return FoldPlan(fold_of, folds, True)
    fold_of = np.array(before, dtype=np.int64)
    new = np.flatnonzero(fold_of < 0)
    fold_of[new] = _stratify(columns[new], folds, rng)
    return FoldPlan(fold_of, folds, False, "the training that this one goes on from divided them")


def hold_out(labels: ArrayLike, groups: ArrayLike, fraction: float, seed: int) -> NDArray[np.bool_]:
    """The part of a training set that early stopping looks at, as a boolean array.

    Takes about `fraction` of each class, at random. A class with fewer than four components gives
    none: each is worth more as an example. All false where the set is too small to spare any.
    `groups` are kept together where there are so many that a whole one is a small part.
    """
    columns = columns_of(labels)
    group_of = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(columns), dtype=np.bool_)
    recordings = int(group_of.max()) + 1 if len(group_of) else 0
    if fraction > 0 and recordings * fraction >= 2:
        fold_of = _deal_recordings(columns, group_of, round(1 / fraction), rng)
        held = np.asarray(fold_of == 0)
        if np.array_equal(np.unique(columns[~held]), np.unique(columns)):
            return held
        held[:] = False
    for column in range(CLASSES):
        members = rng.permutation(np.flatnonzero(columns == column))
        if len(members) >= 4:
            held[members[: round(len(members) * fraction)]] = True
    return held


def _check(columns: NDArray[np.int64], group_of: NDArray[np.intp], folds: int) -> None:
    if len(columns) != len(group_of):
        raise ValueError(f"There are {len(columns)} labels but {len(group_of)} groups.")
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}.")
    needed = max(MIN_COMPONENTS, folds)
    if len(columns) < needed:
        raise ValueError(
            f"{len(columns)} labeled components are too few for {folds} folds; "
            f"label at least {needed}."
        )
    if len(np.unique(columns)) < 2:
        raise ValueError("All labels are of one class; label components of at least two classes.")


def _stratify(
    columns: NDArray[np.int64], folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deals the components of each class in turn, going on where the class before ended."""
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(columns == column)) for column in range(CLASSES)]
    )
    fold_of = np.empty(len(columns), dtype=np.int64)
    fold_of[order] = np.arange(len(columns)) % folds
    return fold_of


def _deal_recordings(
    columns: NDArray[np.int64],
    group_of: NDArray[np.intp],
    folds: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Gives each recording, the largest first, to the fold it fits best.

    The best is the fold whose class counts stay nearest to an even share; ties and the order of
    equals are drawn. The last recordings go to folds that are still empty, so none stays so.
    """
    recordings = int(group_of.max()) + 1
    counts = np.zeros((recordings, CLASSES))
    np.add.at(counts, (group_of, columns), 1)
    totals = np.maximum(counts.sum(axis=0), 1)
    shares = counts / totals
    shuffled = rng.permutation(recordings)
    order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    held = np.zeros((folds, CLASSES))
    fold_of_recording = np.full(recordings, -1, dtype=np.int64)
    for done, recording in enumerate(order):
        empty = [f for f in range(folds) if not (fold_of_recording == f).any()]
        must_fill = len(empty) >= recordings - done
        candidates = np.array(empty if must_fill and empty else range(folds))
        costs = ((held[candidates] + shares[recording]) ** 2).sum(axis=1) - (
            held[candidates] ** 2
        ).sum(axis=1)
        best = int(candidates[int(np.argmin(costs))])
        fold_of_recording[recording] = best
        held[best] += shares[recording]
    return fold_of_recording[group_of]
