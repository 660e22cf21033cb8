"""How the active learning benchmark counts labels."""

import math

import pytest

from benchmarks.active_learning import labels_for


def test_labels_are_counted_between_the_checkpoints():
    assert labels_for(0.65, [100, 200, 400], [0.5, 0.6, 0.7]) == pytest.approx(300)


def test_a_score_reached_at_once_needs_the_first_labels_and_one_never_reached_endless_ones():
    assert labels_for(0.4, [100, 200], [0.5, 0.6]) == 100
    assert labels_for(0.9, [100, 200], [0.5, 0.6]) == math.inf


def test_a_dip_after_the_score_was_reached_does_not_count():
    assert labels_for(0.6, [100, 200, 400], [0.5, 0.6, 0.55]) == 200
