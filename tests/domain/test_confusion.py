"""Accuracy and F1 of a table of labels against predictions."""

import numpy as np
import pytest

from app.domain.confusion import accuracy, commonest_share, macro_f1
from classifier.metrics import classification_metrics

EMPTY = np.zeros((4, 4), np.int64)


def table(*pairs: tuple[int, int]) -> np.ndarray:
    made = EMPTY.copy()
    for label, predicted in pairs:
        made[label - 1, predicted - 1] += 1
    return made


def test_by_hand() -> None:
    found = table((1, 1), (1, 1), (1, 2), (2, 2))
    assert accuracy(found) == 0.75
    # Neuron: precision 1, recall 2/3. Process: precision 1/2, recall 1.
    assert macro_f1(found) == pytest.approx((0.8 + 2 / 3) / 2)
    assert commonest_share(found) == 0.75


def test_an_empty_table_has_none() -> None:
    assert (accuracy(EMPTY), macro_f1(EMPTY), commonest_share(EMPTY)) == (None, None, None)


def test_a_class_without_labels_does_not_count_against_the_mean() -> None:
    assert macro_f1(table((1, 1), (2, 2))) == 1.0


def test_a_run_and_its_card_count_alike() -> None:
    generator = np.random.default_rng(3)
    labels = generator.integers(1, 4, 60)
    probabilities = generator.dirichlet((1, 1, 1, 1), 60)
    found = table(*zip(labels, probabilities.argmax(axis=1) + 1, strict=True))
    known = classification_metrics(probabilities, labels)
    assert accuracy(found) == pytest.approx(known["accuracy"])
    assert macro_f1(found) == pytest.approx(known["macro_f1"])
