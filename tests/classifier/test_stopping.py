"""How many predictions the next labels should change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.stopping import Batch, expected_changes


def falling(power: float, height: float, rng=None, scatter: float = 1.0, batches: int = 8):
    """Batches of 100 labels, each changing about height * labels^-power predictions a label."""
    history = []
    for number in range(1, batches + 1):
        before, after = 100 * number, 100 * (number + 1)
        mean = height * 100 * (before * after) ** (-power / 2)
        if rng is not None:
            # A mean that scatters itself makes the counts scatter more than Poisson's.
            mean = mean * rng.gamma(1 / max(scatter, 1e-9), scatter) if scatter else mean
            mean = rng.poisson(mean)
        history.append(Batch(before, after, round(mean)))
    return history


def test_a_clean_power_law_is_carried_on():
    found = expected_changes(falling(1.0, 400), 500)
    # The integral of 400 / n from 900 to 1,400.
    assert found.expected == pytest.approx(400 * np.log(1400 / 900), rel=0.1)
    assert found.low < found.expected < found.high
    assert found.next_labels == 500


def test_steady_changes_are_expected_to_go_on():
    found = expected_changes([Batch(k * 100, k * 100 + 100, 50) for k in range(10, 30)], 100)
    assert found.expected == pytest.approx(50, rel=0.2)


def test_no_changes_at_all_say_stop():
    found = expected_changes([Batch(k * 100, k * 100 + 100, 0) for k in range(1, 8)], 100)
    assert found.expected < 3
    assert found.low == 0


def test_one_batch_gives_a_wider_interval_than_many():
    every = falling(0.7, 30)
    one, many = expected_changes(every[-1:], 500), expected_changes(every, 500)
    assert one.high / max(one.low, 1) > many.high / max(many.low, 1)


@pytest.mark.parametrize("power", [0.3, 0.7, 1.2])
def test_the_interval_holds_what_comes_as_often_as_it_says(power):
    rng = np.random.default_rng(int(10 * power))
    held = 0
    for _ in range(200):
        *before, last = falling(power, 60 * 100 ** (power - 0.7), rng, scatter=0.05, batches=7)
        found = expected_changes(before, 100)
        held += found.low <= last.changed <= found.high
    assert held / 200 == pytest.approx(0.8, abs=0.12)


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 5000)), min_size=1, max_size=12),
    st.integers(1, 2000),
    st.floats(0.5, 0.95),
)
def test_any_history_gives_a_mean_within_a_plausible_interval(steps, next_labels, confidence):
    history, labels = [], 0
    for added, changed in steps:
        history.append(Batch(labels, labels + added, changed))
        labels += added
    found = expected_changes(history, next_labels, confidence=confidence)
    assert 0 <= found.low <= found.high
    assert np.isfinite(found.expected)
    assert found.expected >= 0
    wider = expected_changes(history, next_labels, confidence=0.99)
    assert wider.low <= found.low
    assert wider.high >= found.high


@given(st.permutations(falling(0.8, 50)))
def test_the_order_of_the_batches_does_not_matter(history):
    found, in_order = (expected_changes(h, 300) for h in (history, falling(0.8, 50)))
    assert (found.low, found.high) == (in_order.low, in_order.high)
    assert found.expected == pytest.approx(in_order.expected)


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match="no history yet"):
        expected_changes([], 100)
    with pytest.raises(ValueError, match="next_labels must be at least 1"):
        expected_changes(falling(1, 9), 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        expected_changes(falling(1, 9), 1, confidence=1)
    with pytest.raises(ValueError, match="A batch adds labels"):
        Batch(100, 100, 3)
    with pytest.raises(ValueError, match="must not be negative"):
        Batch(100, 200, -1)
