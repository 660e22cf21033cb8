"""How the active learning benchmark counts labels."""

import math

import numpy as np
import pytest

from benchmarks.active_learning import Course, labels_for, stopping_check


def test_labels_are_counted_between_the_checkpoints():
    assert labels_for(0.65, [100, 200, 400], [0.5, 0.6, 0.7]) == pytest.approx(300)


def test_a_score_reached_at_once_needs_the_first_labels_and_one_never_reached_endless_ones():
    assert labels_for(0.4, [100, 200], [0.5, 0.6]) == 100
    assert labels_for(0.9, [100, 200], [0.5, 0.6]) == math.inf


def test_a_dip_after_the_score_was_reached_does_not_count():
    assert labels_for(0.6, [100, 200, 400], [0.5, 0.6, 0.55]) == 200


def test_the_stopping_estimate_is_held_against_what_changed_in_the_end():
    sizes = (100, 150, 200, 250, 300)
    # Ten of 100 components turn at each training, and back at the next one.
    turning = {size: (np.arange(100) < 10) * (place % 2) for place, size in enumerate(sizes)}
    # From 200 on nothing is another class 1.4 times the labels later, of the ten expected.
    assert stopping_check([Course({}, turning)])["held"] == 0
    steady = {size: np.zeros(100, dtype=np.int64) for size in sizes}
    assert stopping_check([Course({}, steady)])["held"] == 1


def test_two_trainings_are_too_few_for_a_stopping_estimate_to_be_checked():
    said = {100: np.zeros(3, dtype=np.int64), 200: np.ones(3, dtype=np.int64)}
    assert stopping_check([Course({}, said)]) == {}
