"""How labelers err, and which labels are likely wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.calibration import apply_temperature
from classifier.label_noise import chance_wrong, confusion_between, estimate_confusion
from classifier.uncertainty import self_confidence

CONFUSION = np.array(
    [
        [0.80, 0.02, 0.02, 0.16],
        [0.02, 0.90, 0.06, 0.02],
        [0.01, 0.04, 0.90, 0.05],
        [0.14, 0.03, 0.10, 0.73],
    ]
)

logits = arrays(np.float64, (20, 4), elements=st.floats(-20, 20))
codes = arrays(np.int64, 20, elements=st.integers(1, 4))


def simulated(seed: int, components: int = 6000):
    """Truth, labels that err as CONFUSION has it, and calibrated predictions of the truth."""
    rng = np.random.default_rng(seed)
    p = apply_temperature(rng.normal(0, 2.5, (components, 4)), 1.0)
    truth = (rng.random(components)[:, None] > p.cumsum(axis=1)[:, :3]).sum(axis=1)
    return truth + 1, err(truth, rng), p


def err(truth_columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shares = CONFUSION[truth_columns].cumsum(axis=1)[:, :3]
    return (rng.random(len(truth_columns))[:, None] > shares).sum(axis=1) + 1


def first_tenth(suspicion: np.ndarray, wrong: np.ndarray) -> float:
    return float(wrong[np.argsort(-suspicion)[: len(wrong) // 10]].mean())


def test_the_confusion_is_found_from_labels_and_predictions():
    _, labels, p = simulated(0)
    assert np.abs(estimate_confusion(p, labels) - CONFUSION).max() < 0.05


def test_knowing_how_labelers_err_finds_more_wrong_labels_than_probabilities_alone():
    truth, labels, p = simulated(1)
    wrong = labels != truth
    alone = first_tenth(-self_confidence(p, labels), wrong)
    assert first_tenth(chance_wrong(p, labels, CONFUSION), wrong) > alone
    assert first_tenth(chance_wrong(p, labels), wrong) > alone - 0.01


def test_the_chance_is_a_chance():
    truth, labels, p = simulated(2)
    chance = chance_wrong(p, labels, CONFUSION)
    wrong = labels != truth
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        part = (chance >= low) & (chance < low + 0.2)
        assert wrong[part].mean() == pytest.approx(chance[part].mean(), abs=0.06)


def test_of_two_labels_as_unlikely_the_usual_mistake_is_the_likelier_wrong():
    p = np.array([[0.55, 0.15, 0.15, 0.15]] * 2)
    usual, unusual = chance_wrong(p, [4, 2], CONFUSION)
    assert usual > unusual


def test_the_confusion_between_labelers_shows_what_they_mistake():
    truth, _, _ = simulated(3)
    rng = np.random.default_rng(4)
    answers = [err(truth - 1, rng) for _ in range(3)]
    answers[2][rng.random(len(truth)) < 0.5] = 0
    found = confusion_between(answers)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found.argmax(axis=1) == np.arange(4)).all()
    assert found[0, 3] == found[0, 1:].max()
    assert confusion_between([]) == pytest.approx(np.eye(4))


def test_the_chance_by_hand():
    # Every third neuron is called doubtful, but no doubtful neuron is called a neuron.
    confusion = np.eye(4)
    confusion[0] = [2 / 3, 0, 0, 1 / 3]
    p = np.array([[0.5, 0, 0, 0.5]] * 2)
    assert chance_wrong(p, [1, 4], confusion) == pytest.approx([0, 0.25], abs=1e-6)


def test_a_label_given_twice_is_less_suspect_and_one_contradicted_more():
    p = np.array([[0.2, 0.2, 0.2, 0.4]] * 3)
    once, twice, contradicted = chance_wrong(
        p, [1, 1, 1], CONFUSION, answers=[[1, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 1]]
    )
    assert twice < once < contradicted


def test_the_chance_is_a_chance_after_several_answers():
    truth, _, p = simulated(5)
    rng = np.random.default_rng(6)
    said = [err(truth - 1, rng) for _ in range(3)]
    answers = sum(np.eye(4)[one - 1] for one in said)
    labels = answers.argmax(axis=1) + 1
    confusion = estimate_confusion(p, labels, answers)
    assert np.abs(confusion - CONFUSION).max() < 0.05
    chance = chance_wrong(p, labels, answers=answers)
    wrong = labels != truth
    for low in (0.0, 0.2, 0.4):
        part = (chance >= low) & (chance < low + 0.2)
        assert wrong[part].mean() == pytest.approx(chance[part].mean(), abs=0.08)


@given(logits, codes)
@settings(max_examples=50)
def test_any_labels_give_chances_and_rows_that_sum_to_1(values, labels):
    p = apply_temperature(values, 1.0)
    confusion = estimate_confusion(p, labels)
    assert confusion.sum(axis=1) == pytest.approx(1)
    assert (confusion > 0).all()
    chance = chance_wrong(p, labels)
    assert ((chance >= 0) & (chance <= 1)).all()


@given(logits, codes)
@settings(max_examples=50)
def test_who_never_errs_is_never_wrong(values, labels):
    chance = chance_wrong(apply_temperature(values, 1.0), labels, np.eye(4))
    assert chance == pytest.approx(0)


def test_arrays_that_do_not_fit_are_refused_in_words():
    with pytest.raises(ValueError, match="1 predictions but 2 labels"):
        chance_wrong([[0.25] * 4], [1, 2])
    with pytest.raises(ValueError, match="confusion must be"):
        chance_wrong([[0.25] * 4], [1], np.eye(3))
    for answers in ([[1, 0, 0]], [[1, 0, 0, -1]]):
        with pytest.raises(ValueError, match="answers must be"):
            chance_wrong([[0.25] * 4], [1], answers=answers)
