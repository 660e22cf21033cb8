"""Refitting on stored embeddings: what it learns, what it leaves, and what it must not learn."""

from dataclasses import replace

import numpy as np
import pytest

from classifier import instant
from classifier.calibration import Calibration
from classifier.config import TrainingConfig
from classifier.ensemble import Ensemble
from classifier.instant import Memory, refit

WIDTH = 6


@pytest.fixture
def ensemble() -> Ensemble:
    """Two folds of one network each; their weights play no part once their memory is made."""
    return Ensemble(TrainingConfig(folds=2), ({}, {}), Calibration(), (1, 2, 3, 4), {})


@pytest.fixture
def memory() -> Memory:
    """200 components of which the networks know nothing, though their first feature tells all."""
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(2, 200, WIDTH)).astype(np.float32)
    seen[1, :, 0] = seen[0, :, 0]
    return Memory(seen, np.full((2, 200, 4), np.log(0.25)))


def truth(memory: Memory) -> np.ndarray:
    """Neuron (1) where the first feature is positive, else noise (3)."""
    return np.where(memory.embeddings[0, :, 0] > 0, 1, 3)


def test_without_a_label_nothing_changes(ensemble: Ensemble, memory: Memory) -> None:
    found = refit(ensemble, memory, np.zeros(200, int), np.full(200, -1))
    assert found == pytest.approx(0.25)


def test_what_is_like_the_new_labels_is_judged_like_them(
    ensemble: Ensemble, memory: Memory
) -> None:
    labels = np.where(np.arange(200) < 60, truth(memory), 0)
    found = refit(ensemble, memory, labels, np.full(200, -1)).mean(axis=0)
    assert found.sum(axis=1) == pytest.approx(1)
    right = found[60:].argmax(axis=1) + 1 == truth(memory)[60:]
    assert right.mean() > 0.9
    more = refit(ensemble, memory, truth(memory), np.full(200, -1)).mean(axis=0)
    assert more.max(axis=1).mean() > found.max(axis=1).mean(), "more labels make it surer"


def test_a_fold_learns_nothing_from_what_it_tested(ensemble: Ensemble, memory: Memory) -> None:
    labels = np.where(np.arange(200) < 60, truth(memory), 0)
    fold_of = np.where(labels > 0, 1, -1)
    first, second = refit(ensemble, memory, labels, fold_of)
    assert np.abs(first - 0.25).max() > 0.05
    assert second == pytest.approx(0.25)


def test_one_label_moves_little_and_a_class_that_has_no_model_moves_nothing(
    ensemble: Ensemble, memory: Memory
) -> None:
    labels = np.zeros(200, int)
    labels[0] = 2
    moved = np.abs(refit(ensemble, memory, labels, np.full(200, -1)) - 0.25).max()
    assert 0 < moved < 0.1
    unknown = replace(ensemble, trained_codes=(1, 3))
    found = refit(unknown, memory, labels, np.full(200, -1))
    assert found[..., [0, 2]] == pytest.approx(0.5)


def test_the_correction_is_where_the_penalised_likelihood_is_best() -> None:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, WIDTH))])
    logs = np.log(rng.dirichlet(np.ones(4), 80))
    targets = np.eye(4)[rng.integers(0, 4, 80)]
    weights = instant._fit(design, logs, targets)
    chances = np.exp(instant._log_softmax(logs + design @ weights))
    slope = design.T @ (chances - targets) + instant.PULL * weights
    assert np.abs(slope).max() < 0.05


def test_arrays_that_do_not_fit_are_refused(ensemble: Ensemble, memory: Memory) -> None:
    with pytest.raises(ValueError, match=r"each of the 200 components"):
        refit(ensemble, memory, np.zeros(7, int), np.full(200, -1))
