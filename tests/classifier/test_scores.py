"""Metrics, calibration and uncertainty, against numbers worked out by hand."""

import json
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.calibration import (
    Calibration,
    apply_temperature,
    fit_temperature,
    noise_aware_calibration,
)
from classifier.metrics import (
    classification_metrics,
    expected_calibration_error,
    reliability_table,
)
from classifier.uncertainty import (
    label_cross_entropy,
    label_quality,
    margin,
    mutual_information,
    predictive_entropy,
    self_confidence,
)

SURE = [1.0, 0.0, 0.0, 0.0]
EVEN = [0.25] * 4
HALF = [0.5, 0.0, 0.0, 0.5]

logits = arrays(np.float64, (6, 4), elements=st.floats(-30, 30))


@given(logits)
def test_entropy_lies_between_zero_and_ln_4(values):
    entropy = predictive_entropy(apply_temperature(values, 1.0))
    assert (entropy >= 0).all()
    assert (entropy <= log(4)).all()


def test_uncertainty_by_hand():
    p = np.array([SURE, EVEN, HALF])
    assert predictive_entropy(p) == pytest.approx([0, log(4), log(2)])
    assert margin(p) == pytest.approx([1, 0, 0])
    assert self_confidence(p, [1, 2, 4]) == pytest.approx([1, 0.25, 0.5])
    assert label_cross_entropy(p, [1, 2, 4]) == pytest.approx([0, log(4), log(2)])


def test_a_sure_contradiction_is_more_suspect_than_an_ambiguous_one():
    p = np.array([[0.02, 0.96, 0.01, 0.01], EVEN, [0.97, 0.01, 0.01, 0.01]])
    contradicted, ambiguous, agreed = label_quality(p, [1, 1, 1])
    assert contradicted > ambiguous > agreed
    assert ambiguous == pytest.approx(0)


@pytest.mark.parametrize("row", [[0.5, 0.4, 0, 0], [np.nan] * 4, [1.5, -0.5, 0, 0]])
def test_rows_that_are_no_distribution_are_refused(row):
    with pytest.raises(ValueError, match="Row 1"):
        predictive_entropy([SURE, row])


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, size=(4000, 4))
    p = apply_temperature(honest, 1.0)
    labels = 1 + (rng.random(4000)[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    assert fit_temperature(honest * 3, labels) == pytest.approx(3, rel=0.06)
    assert fit_temperature(honest / 2, labels) == pytest.approx(0.5, rel=0.06)


def test_temperature_copes_with_a_class_that_cannot_be_and_with_nothing():
    values = np.array([[2.0, 0.0, -np.inf, 0.0], [0.0, 2.0, -np.inf, 0.0]])
    assert apply_temperature(values, 0.5)[:, 2].tolist() == [0, 0]
    assert fit_temperature(values, [1, 2]) == pytest.approx(0.2, rel=0.01)
    assert fit_temperature(np.zeros((0, 4)), []) == 1.0


def test_calibration_error_by_hand():
    p = np.array([[0.9, 0.1, 0, 0]] * 10)
    assert expected_calibration_error(p, [1] * 9 + [2]) == pytest.approx(0)
    assert expected_calibration_error(p, [1] * 5 + [2] * 5) == pytest.approx(0.4)


def test_the_reliability_table_by_hand():
    p = np.array([[0.92, 0.08, 0, 0]] * 4 + [[0.0, 0.96, 0.04, 0]] + [[0.2, 0.2, 0.6, 0]] * 2)
    table = reliability_table(p, [1, 1, 1, 2, 2, 3, 4], bins=5)
    nothing = {"count": 0, "confidence": None, "right": None}
    assert table[0] == table[1] == table[3] == nothing
    assert table[2] == {"count": 2, "confidence": pytest.approx(0.6), "right": 0.5}
    assert table[4] == {"count": 5, "confidence": pytest.approx(0.928), "right": 0.8}
    assert len(reliability_table(np.zeros((0, 4)), [])) == 15


def test_metrics_by_hand():
    p = np.eye(4)[[0, 0, 1, 1]]
    metrics = classification_metrics(p, [1, 1, 2, 4])
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == pytest.approx(2 / 3)
    assert metrics["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert metrics["confusion"] == [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert metrics["classes"]["2"]["precision"] == 0.5
    assert metrics["classes"]["3"] == {
        "name": "noise", "precision": None, "recall": None, "f1": None, "support": 0,
    }  # fmt: skip
    json.dumps(metrics, allow_nan=False)


def test_metrics_of_nothing_are_null():
    metrics = classification_metrics(np.zeros((0, 4)), [])
    assert metrics["accuracy"] is None
    json.dumps(metrics, allow_nan=False)


# --- what is unknown and what is ambiguous ---


@given(arrays(np.float64, (3, 6, 4), elements=st.floats(-30, 30)))
def test_mutual_information_lies_between_zero_and_the_entropy(values):
    by_model = np.stack([apply_temperature(one, 1.0) for one in values])
    found = mutual_information(by_model)
    assert (found >= 0).all()
    assert (found <= predictive_entropy(by_model.mean(axis=0)) + 1e-9).all()


@given(logits)
def test_where_all_agree_nothing_is_unknown(values):
    agreed = np.repeat(apply_temperature(values, 1.0)[None], 4, axis=0)
    assert mutual_information(agreed) == pytest.approx(0, abs=1e-9)


def test_sure_models_that_differ_do_not_know_and_unsure_ones_that_agree_do():
    differ = np.array([[SURE], [[0, 0, 0, 1.0]]])
    assert mutual_information(differ) == pytest.approx(log(2))
    assert mutual_information(np.array([[HALF], [HALF]])) == pytest.approx(0)


# --- calibration where labelers err ---


def noisy_problem(
    seed: int, confusion: np.ndarray, sharpness: float, components: int = 6000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-probabilities too sure by `sharpness`, the truth, and labels of which some are wrong."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 3.0, (components, 4))
    p = apply_temperature(honest, 1.0)
    truth = 1 + (rng.random(components)[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    chances = confusion[truth - 1].cumsum(axis=1)
    labels = 1 + (rng.random(components)[:, None] > chances).sum(axis=1).clip(0, 3)
    return np.log(np.maximum(apply_temperature(honest * sharpness, 1.0), 1e-300)), truth, labels


def evenly_wrong(share: float) -> np.ndarray:
    return np.full((4, 4), share / 3) + np.eye(4) * (1 - share * 4 / 3)


@pytest.mark.parametrize("sharpness", [0.6, 1.0, 1.8])
@pytest.mark.parametrize("wrong", [0.1, 0.2])
def test_errors_of_labelers_do_not_make_probabilities_of_the_truth_less_sure(wrong, sharpness):
    values, truth, labels = noisy_problem(3, evenly_wrong(wrong), sharpness)
    assert (labels != truth).mean() == pytest.approx(wrong, abs=0.02)
    plain = fit_temperature(values, labels)
    aware = noise_aware_calibration(values, labels)
    assert aware.temperature < plain
    assert abs(np.log(aware.temperature / sharpness)) < 0.5 * abs(np.log(plain / sharpness))
    before = expected_calibration_error(apply_temperature(values, plain), truth)
    after = expected_calibration_error(aware.apply(values), truth)
    assert before is not None
    assert after is not None
    assert after < 0.5 * before


def test_a_class_that_comes_too_often_is_brought_back():
    values, truth, labels = noisy_problem(4, np.eye(4), 1.0)
    leaning = values + np.array([0.8, 0, 0, -0.4])
    found = noise_aware_calibration(leaning, labels)
    assert found.offsets[0] < -0.3
    assert found.offsets[3] > 0.1
    before, after = (
        classification_metrics(p, truth)
        for p in (apply_temperature(leaning, 1.0), found.apply(leaning))
    )
    assert after["accuracy"] > before["accuracy"]


def test_a_few_labels_move_no_class():
    values, _, labels = noisy_problem(5, evenly_wrong(0.15), 1.0, components=40)
    assert np.abs(noise_aware_calibration(values, labels).offsets).max() < 0.1


def test_noise_aware_calibration_copes_with_a_missing_class_and_with_nothing():
    assert noise_aware_calibration(np.zeros((0, 4)), []) == Calibration()
    values = np.log(np.maximum(np.array([[0.7, 0.3, 0, 0], [0.2, 0.8, 0, 0]] * 9), 1e-300))
    found = noise_aware_calibration(values, [1, 2] * 9)
    assert found.apply(values)[:, 2:].max() < 1e-30
    assert found.apply(values).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0}, {"offsets": (0.0, 0.0)}, {"offsets": (9, 0, 0, 0)}]
)
def test_a_calibration_that_no_fit_gives_is_refused(wrong):
    with pytest.raises(ValueError, match="out of range"):
        Calibration(**wrong)
