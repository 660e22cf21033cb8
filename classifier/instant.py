"""New labels taken in within a second: the networks stay as they are, a linear part is fitted anew.

Each network's log-probabilities get a correction that is linear in what its last layer sees,
pulled to zero: the same as a last layer that is fitted again and pulled towards its weights, but
also right for networks that join several opinions, of which the last layer makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CODES
from classifier.ensemble import Ensemble, calibrated
from classifier.inputs import Components

PULL = 30.0
"""How many labels' worth of doubt each weight of the correction starts with."""

_STEPS = 60
_SMALL_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Memory:
    """What a refit needs of components; made once a model, by far the longest part of it.

    embeddings: (networks, components, width) what each network's last layer sees.
    logs: (networks, components, classes) log-probabilities, not calibrated.
    """

    embeddings: NDArray[np.float32]
    logs: NDArray[np.float64]

    @cached_property
    def scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of each embedding over the components, (networks, width) both."""
        spread = self.embeddings.std(axis=1, dtype=np.float64)
        centre = self.embeddings.mean(axis=1, dtype=np.float64)
        return centre, np.where(spread > 1e-6, spread, 1.0)


def remember(
    ensemble: Ensemble, components: Components, *, device: torch.device | None = None
) -> Memory:
    """What each network sees of these components and says of them.

    Raises ValueError for masks that cannot be used.
    """
    seen = ensemble.embed(components, device=device)
    return Memory(seen, ensemble.predict_networks(components, device=device))


def join(parts: Sequence[Memory]) -> Memory:
    """One memory of all that these remember, in their order. All are of the same ensemble."""
    return Memory(
        np.concatenate([part.embeddings for part in parts], axis=1),
        np.concatenate([part.logs for part in parts], axis=1),
    )


def refit(
    ensemble: Ensemble, memory: Memory, labels: ArrayLike, fold_of: ArrayLike
) -> NDArray[np.float64]:
    """Each fold's calibrated probabilities after these labels, (folds, components, 4).

    labels: (components,) codes 1 to 4, 0 where there is none. fold_of: (components,) the fold
        that tested each in the ensemble's training, -1 where it had no part in it; a fold's
        networks learn nothing from what they tested, so that they go on being honest about it.
    Of what is labeled since, every fold learns: only of components without a label is the mean
    over folds an honest prediction. Classes that the ensemble does not know are passed over.
    Raises ValueError for arrays of another length than the memory's.
    """
    codes, folds = np.asarray(labels), np.asarray(fold_of)
    count = memory.logs.shape[1]
    if codes.shape != (count,) or folds.shape != (count,):
        raise ValueError(
            f"labels {codes.shape} and fold_of {folds.shape} must have one value for each of the "
            f"{count} components."
        )
    usable = np.isin(codes, ensemble.trained_codes) & (codes <= memory.logs.shape[2])
    members = ensemble.config.members
    result = np.zeros((len(memory.logs) // members, count, len(CODES)))
    for fold in range(len(result)):
        rows = np.flatnonzero(usable & (folds != fold))
        own = range(fold * members, (fold + 1) * members)
        chances = np.mean(
            [np.exp(_corrected(memory, network, rows, codes[rows] - 1)) for network in own], axis=0
        )
        result[fold] = calibrated(
            np.log(np.maximum(chances, 1e-300)),
            ensemble.calibration,
            ensemble.trained_codes,
            ensemble.doubt,
        )
    return result


def _corrected(
    memory: Memory, network: int, rows: NDArray[np.intp], columns: NDArray[np.integer]
) -> NDArray[np.float64]:
    """(components, classes) a network's log-probabilities after these labels."""
    seen, logs = memory.embeddings[network], memory.logs[network]
    centre, spread = (part[network] for part in memory.scale)
    design = np.column_stack([np.ones(len(rows)), (seen[rows] - centre) / spread])
    weights = _fit(design, logs[rows], np.eye(logs.shape[1])[columns])
    slopes = weights[1:] / spread[:, None]
    return _log_softmax(logs + weights[0] - centre @ slopes + seen @ slopes.astype(np.float32))


def _fit(
    design: NDArray[np.float64], logs: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(1 + width, classes) the correction with the best penalised likelihood.

    Steps by the constant bound on the curvature, one half of the design's, which never overshoot
    and need one small matrix turned round. Source: Boehning, Annals of the Institute of
    Statistical Mathematics 1992.
    """
    curve = 0.5 * design.T @ design + PULL * np.eye(design.shape[1])
    turned = np.linalg.inv(curve)
    weights = np.zeros((design.shape[1], logs.shape[1]))
    for _ in range(_STEPS):
        chances = np.exp(_log_softmax(logs + design @ weights))
        step = turned @ (design.T @ (chances - targets) + PULL * weights)
        weights -= step
        if np.abs(step).max() < _SMALL_STEP:
            break
    return weights


def _log_softmax(values: NDArray[np.floating]) -> NDArray[np.float64]:
    shifted = np.asarray(values, dtype=np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
