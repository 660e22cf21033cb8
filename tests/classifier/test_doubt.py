"""How doubtful neurons follow from a model of the other three classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.calibration import apply_temperature
from classifier.doubt import Doubt, fit_doubt
from classifier.uncertainty import predictive_entropy

SURE, TORN, EVEN = [0.98, 0.01, 0.01], [0.5, 0.5, 0.0], [1 / 3] * 3


@given(arrays(np.float64, (5, 3), elements=st.floats(-20, 20)), st.floats(-8, 8), st.floats(0, 8))
def test_probabilities_sum_to_1_and_the_three_keep_their_proportions(logits, offset, slope):
    three = apply_temperature(logits, 1.0)
    four = Doubt(offset, slope).spread(three)
    assert four.shape == (5, 4)
    assert four.sum(axis=1) == pytest.approx(1)
    assert four[:, :3] == pytest.approx(three * (1 - four[:, 3:]))


def test_doubt_grows_with_entropy():
    chance = Doubt(-2.0, 3.0).spread(np.array([SURE, TORN, EVEN]))[:, 3]
    assert chance[0] < chance[1] < chance[2]


def test_the_fit_finds_what_the_labels_were_drawn_by():
    rng = np.random.default_rng(0)
    three = apply_temperature(rng.normal(0, 2, (20_000, 3)), 1.0)
    chance = 1 / (1 + np.exp(2.5 - 3.0 * predictive_entropy(three)))
    labels = np.where(rng.random(len(three)) < chance, 4, 1)
    found = fit_doubt(three, labels)
    assert found.offset == pytest.approx(-2.5, abs=0.15)
    assert found.slope == pytest.approx(3.0, abs=0.2)


def test_without_doubtful_labels_there_is_next_to_no_doubt():
    three = apply_temperature(np.random.default_rng(1).normal(0, 1, (400, 3)), 1.0)
    assert fit_doubt(three, np.ones(400, int)).spread(three)[:, 3].max() < 0.05
    assert 0 < fit_doubt(np.zeros((0, 3)), []).spread(three)[0, 3] < 1


def test_doubt_never_falls_with_entropy_whatever_the_labels():
    three = np.array([SURE, EVEN] * 50)
    assert fit_doubt(three, np.tile([4, 1], 50)).slope == 0


def test_where_entropy_says_nothing_everyone_has_the_share_of_the_doubtful():
    sure, unsure = [0.98, 0.01, 0.01], [0.4, 0.3, 0.3]
    found = fit_doubt(np.array([sure] * 50 + [unsure] * 50), [4] * 20 + [1] * 80)
    assert found.slope == 0
    assert found.spread(np.array([sure, unsure]))[:, 3] == pytest.approx(0.2, abs=0.01)
