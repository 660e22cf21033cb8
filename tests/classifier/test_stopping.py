"""How many predictions the next labels should change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.stopping import Batch, expected_changes

SIZES = range(100, 1001, 100)


def course(power, moods=0.0, components=3_000, seed=0):
    """Which class (of two) a model calls each component after 100, 200, ... 1,500 labels.

    Its errors are nested: what n labels have in common with more of them, so have the errors.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=components)
    sizes = np.arange(100, 1501, 100)
    variances = sizes**-power
    error = rng.normal(scale=np.sqrt(variances[-1]), size=components)
    found = {}
    for place in range(len(sizes) - 1, -1, -1):
        mood = rng.normal(scale=np.sqrt(moods * variances[place]), size=components)
        found[int(sizes[place])] = truth + error + mood > 0
        fewer = variances[place - 1] - variances[place] if place else 0.0
        error = error + rng.normal(scale=np.sqrt(max(fewer, 0.0)), size=components)
    return found


def changed(said, before, after):
    return int((said[before] != said[after]).sum())


def batches(said):
    return [Batch(n, n + 100, changed(said, n, n + 100)) for n in SIZES[:-1]]


def falling(power, height, moods=0.0):
    """Ten batches of 100 labels that change exactly what the law has, rounded."""

    def law(before, after):
        near, far = before**-power, after**-power
        return round(height * np.sqrt(near - far + moods * (near + far)))

    return [Batch(n, n + 100, law(n, n + 100)) for n in range(100, 1001, 100)]


def test_a_clean_law_is_carried_on():
    found = expected_changes(falling(0.5, 9_000, moods=0.02), 500)
    near, far = 1100**-0.5, 1600**-0.5
    assert found.expected == pytest.approx(9_000 * np.sqrt(near - far + 0.02 * (near + far)), 0.1)
    assert found.low < found.expected < found.high
    assert found.next_labels == 500


def test_the_changes_of_batches_do_not_add_up():
    said = course(0.4)
    one_by_one = sum(changed(said, n, n + 100) for n in range(1000, 1500, 100))
    at_once = changed(said, 1000, 1500)
    assert one_by_one > 1.5 * at_once, "what one batch turned another turned back"
    assert expected_changes(batches(said), 500).expected == pytest.approx(at_once, rel=0.2)


def test_steady_changes_are_expected_to_go_on():
    found = expected_changes([Batch(k * 100, k * 100 + 100, 50) for k in range(10, 30)], 100)
    assert found.expected == pytest.approx(50, rel=0.2)


def test_no_changes_at_all_say_stop():
    found = expected_changes([Batch(k * 100, k * 100 + 100, 0) for k in range(1, 8)], 100)
    assert found.expected < 3
    assert found.low == 0


def test_one_batch_gives_a_wider_interval_than_many():
    every = falling(0.7, 5_000)
    one, many = expected_changes(every[-1:], 500), expected_changes(every, 500)
    assert one.high / max(one.low, 1) > many.high / max(many.low, 1)


@pytest.mark.parametrize(("power", "moods"), [(0.3, 0.05), (0.5, 0.0), (0.5, 0.05), (0.8, 0.0)])
def test_the_interval_holds_what_comes_about_as_often_as_it_says(power, moods):
    held = 0
    for seed in range(60):
        said = course(power, moods, seed=seed)
        found = expected_changes(batches(said), 500)
        held += found.low <= changed(said, 1000, 1500) <= found.high
    # What is believed beforehand is of wider scatter than these models have.
    assert held / 60 > 0.7


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


@given(st.permutations(falling(0.8, 5_000)))
def test_the_order_of_the_batches_does_not_matter(history):
    found, in_order = (expected_changes(h, 300) for h in (history, falling(0.8, 5_000)))
    assert (found.low, found.high) == (in_order.low, in_order.high)
    assert found.expected == pytest.approx(in_order.expected)


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match="no history yet"):
        expected_changes([], 100)
    with pytest.raises(ValueError, match="next_labels must be at least 1"):
        expected_changes(falling(1, 900), 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        expected_changes(falling(1, 900), 1, confidence=1)
    with pytest.raises(ValueError, match="A batch adds labels"):
        Batch(100, 100, 3)
    with pytest.raises(ValueError, match="must not be negative"):
        Batch(100, 200, -1)
