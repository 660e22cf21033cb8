"""How labelers err, and the chance that a label is wrong given that and a prediction.

A model's probabilities alone know that a component looks like a neuron. Which mistakes people
make is knowledge on top: a neuron is often called doubtful and hardly ever noise, so of two labels
that the model finds as unlikely, the one that people often give by mistake is likelier wrong.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, columns_of
from classifier.uncertainty import check_probabilities

Confusion = NDArray[np.float64]
"""(4, 4) how often each code (columns) is given to each true class (rows); rows sum to 1."""

_ROUNDS = 4
_FIRST_RIGHT = 0.85
_PRIOR_LABELS = 10.0


def estimate_confusion(
    probabilities: ArrayLike, labels: ArrayLike, answers: ArrayLike | None = None
) -> Confusion:
    """How the labels err, from out-of-fold predictions alone.

    probabilities: (components, 4) of models that did not train on these components' labels.
    labels: (components,) codes 1 to 4. answers: see `chance_wrong`.
    Expectation-maximisation in the manner of Dawid and Skene (1979), with the model's probability
    of each class beside the labelers. It is stopped early: the model learned these very labels, so
    that going on would talk itself into their being right.
    Raises ValueError where the arrays do not fit.
    """
    p, columns = _checked(probabilities, labels)
    given = _given(columns, answers)
    start = np.full((CLASSES, CLASSES), (1 - _FIRST_RIGHT) / (CLASSES - 1))
    np.fill_diagonal(start, _FIRST_RIGHT)
    confusion = start
    for _ in range(_ROUNDS):
        # A few labels of a class say little, so the start weighs as ten more of each class.
        counts = _true_class(p, given, confusion).T @ given + _PRIOR_LABELS * start
        confusion = counts / counts.sum(axis=1, keepdims=True)
    return confusion


def confusion_between(answers: Sequence[ArrayLike]) -> Confusion:
    """How labelers err, from how they differ where several answered: no model is needed.

    answers: one (components,) array a labeler, codes 1 to 4, 0 where that one did not answer.
    Each answer is taken for the truth about each other labeler's in turn, which makes them look
    somewhat worse than they are, but shows which classes they mistake for which.
    """
    counts = np.eye(CLASSES) * _PRIOR_LABELS
    arrays = [np.asarray(one) for one in answers]
    for first, one in enumerate(arrays):
        for other in arrays[:first] + arrays[first + 1 :]:
            both = (one != 0) & (other != 0)
            np.add.at(counts, (columns_of(one[both]), columns_of(other[both])), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def chance_wrong(
    probabilities: ArrayLike,
    labels: ArrayLike,
    confusion: Confusion | None = None,
    *,
    answers: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """The chance that each label is wrong, from 0 to 1, given a prediction and how labelers err.

    Bayes' rule: the chance of each true class is the model's probability of it times how often
    labelers call that class what they called this component. confusion: as `estimate_confusion` or
    `confusion_between` give it; estimated from the same predictions where it is not given.
    answers: (components, 4) how many answers of each code the label rests on, so that a label that
    was given twice is less suspect, and one that stands against another more; each label is the
    only answer where it is not given.
    Raises ValueError where the arrays do not fit.
    """
    p, columns = _checked(probabilities, labels)
    known = estimate_confusion(p, labels, answers) if confusion is None else confusion
    if known.shape != (CLASSES, CLASSES):
        raise ValueError(f"confusion must be ({CLASSES}, {CLASSES}), not {known.shape}.")
    right = _true_class(p, _given(columns, answers), known)[np.arange(len(p)), columns]
    return np.asarray(np.clip(1.0 - right, 0.0, 1.0))


def _given(columns: NDArray[np.int64], answers: ArrayLike | None) -> NDArray[np.float64]:
    """(components, 4) how often each code was given."""
    if answers is None:
        return np.asarray(np.eye(CLASSES)[columns])
    counts = np.asarray(answers, dtype=np.float64)
    if counts.shape != (len(columns), CLASSES) or not (counts >= 0).all():
        raise ValueError(
            f"answers must be ({len(columns)}, {CLASSES}) counts, none negative, "
            f"not {counts.shape}."
        )
    return counts


def _true_class(
    p: NDArray[np.float64], given: NDArray[np.float64], confusion: Confusion
) -> NDArray[np.float64]:
    """(components, 4) the chance of each true class given the prediction and the answers."""
    # Where labelers never give a class this label, the model alone decides, as far as it can.
    likely = given @ np.log(np.maximum(confusion, 1e-300)).T
    joint = np.log(np.maximum(p, 1e-9)) + likely
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _checked(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    p, columns = check_probabilities(probabilities), columns_of(labels)
    if len(p) != len(columns):
        raise ValueError(f"There are {len(p)} predictions but {len(columns)} labels.")
    return p, columns
