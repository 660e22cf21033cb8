"""Which components look like those that people have labeled: a part of the DCAL order."""

import warnings

import numpy as np
from numpy.typing import NDArray

from app.actions import learning
from app.actions.context import Context
from classifier.acquisition import LabeledModel, fit_labeled_look
from classifier.measures import VERSION, alone

FITTED_ON = 20_000
"""The most components that the look is fitted on: it has some hundred numbers to find."""


def fit_look(context: Context) -> LabeledModel | None:
    """Labeled against unlabeled by the kept measures; None where nothing is measured.

    With more than `FITTED_ON` components, at most half are labeled ones, and the rest the same
    draw each time.
    """
    keys = np.array(learning.all_components(context), np.int64)
    labeled = np.isin(keys, np.array(learning.answered_by_people(context), np.int64))
    rows = _drawn(labeled)
    measures = learning.measures_of(context, keys[rows].tolist(), VERSION)
    return None if measures is None else fit_labeled_look(filled(measures), labeled[rows])


def fit_look_on(measures: NDArray[np.float32], labeled: NDArray[np.bool_]) -> LabeledModel:
    """The same for measures that are at hand, `filled` already."""
    rows = _drawn(labeled)
    return fit_labeled_look(measures[rows], labeled[rows])


def _drawn(labeled: NDArray[np.bool_]) -> NDArray[np.int64]:
    if len(labeled) <= FITTED_ON:
        return np.arange(len(labeled))
    order = np.random.default_rng(0).permutation(len(labeled))
    mine, others = order[labeled[order]], order[~labeled[order]]
    most = max(FITTED_ON // 2, FITTED_ON - len(others))
    mine = mine[:most]
    return np.sort(np.concatenate([mine, others[: FITTED_ON - len(mine)]]))


def filled(measures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each component by itself; a measure that it lacks is taken to be as most are."""
    values = alone(measures).astype(np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        # Without a single trace, a column is empty.
        warnings.simplefilter("ignore", RuntimeWarning)
        medians = np.nan_to_num(np.nanmedian(values, axis=0))
    return np.where(np.isnan(values), medians, values)
