"""Hand-made features: finite, free of units, and telling what they are named for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.hand_features import (
    EVERYTHING,
    MASK,
    MASK_AND_RECORDING,
    FeatureTable,
    hand_features,
)
from classifier.config import TrainingConfig
from classifier.context_features import context_features
from classifier.examples import make_examples
from classifier.inputs import Components
from classifier.mask_features import mask_features
from classifier.measures import measure
from classifier.trace_features import trace_features

Y, X = np.mgrid[-25:25, -25:25]
R = np.hypot(Y, X)
DISC = np.exp(-((R / 6) ** 6))
DONUT = DISC * (1 - 0.9 * np.exp(-((R / 3) ** 4)))
LINE = np.exp(-((X / 1.5) ** 2)) * (np.abs(Y) < 12)
CLOUD = np.exp(-((R / 9) ** 2))
DOT = (R < 0.5).astype(float)
SHAPES = np.stack([DISC, DONUT, LINE, CLOUD, DOT])


def column(name: str) -> dict[str, float]:
    values = mask_features(SHAPES)[name]
    return dict(zip(("disc", "donut", "line", "cloud", "dot"), values, strict=True))


def transients(rate: float, seconds: float = 60, decay_s: float = 1.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    frames = int(seconds * rate)
    events = np.zeros(frames)
    events[(np.arange(5, seconds, 9) * rate).astype(int)] = 12
    kernel = np.exp(-np.arange(int(6 * rate)) / rate / decay_s)
    return np.convolve(events, kernel)[:frames] + rng.standard_normal(frames)


def test_a_donut_has_a_dip_that_a_disc_has_not():
    dip = column("dip against ring")
    assert dip["donut"] > 0.3
    assert dip["disc"] < 0.05


def test_a_line_is_long_thin_and_a_ridge():
    assert column("elongation")["line"] < 0.3 < 0.9 < column("elongation")["disc"]
    lineness = column("lineness 1.5")
    assert lineness["line"] > lineness["disc"]
    assert column("width ratio")["line"] < 0.4


def test_a_clouds_edge_is_less_steep_than_a_discs():
    steep = column("edge steepness x radius")
    assert steep["cloud"] < steep["disc"]


@given(st.floats(1e-4, 1e4))
@settings(max_examples=10, deadline=None)
def test_masks_have_no_unit(unit):
    before, after = mask_features(SHAPES), mask_features(SHAPES * unit)
    for name, values in before.items():
        assert after[name] == pytest.approx(values, rel=1e-3, abs=1e-3), name


def test_every_mask_feature_is_finite_even_for_a_pixel_or_a_full_window():
    odd = np.stack([DOT, np.ones((50, 50)), np.eye(50)])
    for name, values in mask_features(odd).items():
        assert np.isfinite(values).all(), name


@pytest.mark.parametrize("rate", [5.0, 20.0, 40.0])
def test_a_slow_decay_is_slow_at_any_frame_rate(rate):
    fast, slow = (
        trace_features([transients(rate, decay_s=decay)], np.array([rate])) for decay in (0.4, 2.0)
    )
    for name in ("event at 1 s", "correlation after 0.8 s"):
        assert slow[name][0] > fast[name][0] + 0.15


@pytest.mark.parametrize("rate", [5.0, 20.0, 40.0])
def test_an_event_is_looked_at_in_seconds_after_its_peak(rate):
    found = trace_features([transients(rate, decay_s=1.0)], np.array([rate]))
    assert found["event at 1 s"][0] == pytest.approx(np.exp(-1), abs=0.12)


@given(st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=10, deadline=None)
def test_traces_have_no_unit_and_no_zero(unit, zero):
    trace = transients(20.0)
    rate = np.array([20.0])
    before = trace_features([trace], rate)
    for name, values in trace_features([trace * unit + zero], rate).items():
        assert values == pytest.approx(before[name], rel=1e-2, abs=2e-2), name


def test_a_missing_trace_is_missing_and_odd_ones_are_finite():
    odd = [None, np.zeros(300), np.full(40, 7.0), transients(20.0), np.arange(20.0)]
    for name, values in trace_features(odd, np.array([20, 20, np.nan, 20, 5])).items():
        assert np.isnan(values[0]), name
        assert np.isfinite(values[1:]).all(), name


def test_a_bright_cell_stands_out_in_the_context_and_nothing_is_missing_at_the_border():
    rng = np.random.default_rng(0)
    noise = rng.normal(1, 0.1, (2, 2, 50, 50))
    contexts = noise + np.stack([2 * DISC, 0 * DISC])[:, None]
    contexts[:, :, :20] = np.nan
    found = context_features(np.stack([DISC, DISC]), contexts)
    assert found["mean: core over ring"][0] > found["mean: core over ring"][1] + 1
    assert all(np.isfinite(values).all() for values in found.values())
    gone = context_features(DISC[None], np.full((1, 2, 50, 50), np.nan))
    assert np.isnan(gone["correlation: core"][0])


def test_a_table_measures_each_set_of_components_once(monkeypatch):
    components = Components(SHAPES, None, None, None, np.zeros(5, dtype=np.int64))
    table = FeatureTable()
    first = table.of(components, MASK)
    monkeypatch.setattr("benchmarks.hand_features.mask_features", None)
    assert np.array_equal(table.of(components, MASK), first)


def test_components_without_a_kind_of_input_are_refused_in_words():
    components = Components(SHAPES, None, None, None, np.zeros(5, dtype=np.int64))
    with pytest.raises(ValueError, match="no traces"):
        hand_features(components, EVERYTHING)


def test_what_hangs_on_the_recording_stands_behind_what_each_is_alone():
    count = 12
    components = Components(
        np.concatenate([SHAPES] * 3)[:count],
        recordings=np.zeros(count, dtype=np.int64),
        centres_px=np.random.default_rng(0).uniform(0, 80, (count, 2)),
    )
    components = replace(components, measures=measure(components))
    table = FeatureTable()
    alone, both = (table.of(components, inputs) for inputs in (MASK, MASK_AND_RECORDING))
    np.testing.assert_array_equal(both[:, : alone.shape[1]], alone)
    beside = both[:, alone.shape[1] :]
    network = make_examples(components, TrainingConfig(inputs=("mask",))).numbers.numpy()
    # The network is given the same, and the recording's scale.
    assert network.shape[1] == both.shape[1] + 1
    np.testing.assert_array_equal(beside, network[:, alone.shape[1] + 1 :])
    assert np.isfinite(beside).all()
    some = components.take(np.array([3, 7]))
    np.testing.assert_array_equal(
        table.of(some, MASK_AND_RECORDING)[:, alone.shape[1] :], beside[[3, 7]]
    )
