"""What a component shares with its neighbours: masks, traces, and what cannot be compared."""

import time
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.neighbour_features import (
    MOST_NEIGHBOURS,
    REACH_PX,
    Field,
    Near,
    names,
    neighbour_features,
)
from classifier.traces_together import Briefs

Y, X = np.mgrid[-25:25, -25:25]
RATE_HZ = 10.0


def disc(radius_px: float = 6.0, x: float = 0.0) -> NDArray[np.float32]:
    return (np.hypot(Y, X - x) <= radius_px).astype(np.float32)


def field(centres_px: Any, masks: Any = None, traces: Any = None, recordings: Any = None) -> Field:
    """Discs of 6 px at these centres, of one recording, unless told otherwise."""
    centres = np.array(centres_px, dtype=np.float64).reshape(-1, 2)
    count = len(centres)
    return Field(
        np.stack([disc()] * count) if masks is None else np.asarray(masks, dtype=np.float32),
        centres,
        np.ones(count),
        np.zeros(count, np.int64) if recordings is None else np.array(recordings),
        Briefs.none(count) if traces is None else Briefs.of(traces, np.full(count, RATE_HZ)),
    )


def noise(count: int, frames: int = 600, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((count, frames))


def test_overlap_is_of_masks_where_they_lie_in_the_field():
    found = neighbour_features(field([[50, 50], [50, 50], [50, 90], [90, 58]]))
    overlap = found["neighbours: greatest overlap"]
    assert overlap[:2] == pytest.approx([1, 1])
    assert overlap[2:].tolist() == [0, 0]
    # Each shows the same disc, half-way between them.
    halfway = neighbour_features(field([[50, 50], [50, 66]], masks=[disc(5, 8), disc(5, -8)]))
    assert halfway["neighbours: greatest overlap"] == pytest.approx([1, 1], abs=0.05)
    # Two discs whose centres are a radius apart share 39% of their area.
    beside = neighbour_features(field([[50, 50], [50, 56]]))
    assert beside["neighbours: greatest overlap"] == pytest.approx([0.39, 0.39], abs=0.06)
    below = neighbour_features(field([[56, 50], [50, 50]]))
    assert below["neighbours: greatest overlap"] == pytest.approx([0.39, 0.39], abs=0.06)


def test_a_small_one_inside_a_large_one_is_told_from_it():
    found = neighbour_features(field([[50, 50], [50, 54]], masks=[disc(12), disc(4)]))
    assert found["neighbours: most of it inside one"][1] == pytest.approx(1)
    assert found["neighbours: most of one inside it"][0] == pytest.approx(1)
    assert found["neighbours: most of it inside one"][0] < 0.25
    apart = found["neighbours: log area against theirs"]
    assert apart[0] == pytest.approx(np.log(9), abs=0.4)
    assert apart[1] == pytest.approx(-apart[0])
    assert found["neighbours: log area against the most overlapping"] == pytest.approx(apart)


def test_crowding_is_by_distance_at_the_usual_size():
    line = field([[0, 10.0 * k] for k in range(12)])
    found = neighbour_features(line)
    first, third, last = (
        found[f"neighbours: log distance to number {k}"] for k in (1, 3, MOST_NEIGHBOURS)
    )
    assert first == pytest.approx(np.log(11))
    assert third[5] == pytest.approx(np.log(21))
    assert third[0] == pytest.approx(np.log(31))
    assert last[0] == pytest.approx(np.log(REACH_PX + 1)), "four are within reach, not eight"
    larger = replace(line, centres_px=2 * line.centres_px, scales=np.full(12, 0.5))
    again = neighbour_features(larger)
    for name in found:
        if "distance" in name:
            np.testing.assert_allclose(again[name], found[name])


def test_a_trace_that_its_neighbours_explain():
    signals = noise(3)
    traces = [signals[0], signals[1], signals[0] + signals[1], signals[2]]
    found = neighbour_features(field([[50, 50], [50, 60], [50, 55], [50, 65]], traces=traces))
    explained = found["trace: neighbours: share that they explain, as it is"]
    assert explained[2] > 0.97
    assert explained[3] < 0.1
    greatest = found["trace: neighbours: greatest correlation, as it is"]
    assert greatest[:3] == pytest.approx([0.7, 0.7, 0.7], abs=0.1)
    assert greatest[3] < 0.2


def test_a_correlation_is_with_who_is_near_and_not_with_who_is_far():
    signal = noise(1)[0]
    traces = [signal, signal, *noise(2, seed=1)]
    name = "trace: neighbours: greatest correlation, smoothed"
    near = neighbour_features(field([[50, 50], [50, 60], [50, 70], [50, 80]], traces=traces))
    far = neighbour_features(field([[50, 50], [500, 60], [50, 70], [500, 80]], traces=traces))
    assert near[name][:2] == pytest.approx([1, 1])
    assert (far[name][:2] < 0.5).all()
    rest = "trace: neighbours: correlation with all others, as it is"
    np.testing.assert_allclose(far[rest], near[rest]), "the rest is of the whole recording"
    assert near[rest][0] == pytest.approx(1 / np.sqrt(3), abs=0.1)


def test_what_is_slow_in_all_of_them_can_be_left_out():
    drift = 4 * np.cos(np.linspace(0, np.pi, 1200))
    found = neighbour_features(
        field([[50, 50], [50, 60]], traces=[one + drift for one in noise(2, 1200)])
    )
    assert found["trace: neighbours: greatest correlation, as it is"].min() > 0.9
    assert found["trace: neighbours: greatest correlation, without drift"].max() < 0.5


def test_the_mask_that_overlaps_most_names_whose_trace_is_compared():
    signals = noise(2)
    centres = [[50, 50], [50, 52], [50, 61]]
    name = "trace: neighbours: correlation with the most overlapping, as it is"
    alike = neighbour_features(field(centres, traces=[signals[0], signals[0], signals[1]]))
    other = neighbour_features(field(centres, traces=[signals[0], signals[1], signals[0]]))
    assert alike[name][0] == pytest.approx(1)
    assert other[name][0] < 0.3


def test_units_and_offsets_say_nothing():
    masks, traces = [disc(), disc(8), disc(4)], noise(3) + noise(1, seed=1)
    centres = [[50, 50], [50, 57], [44, 50]]
    plain = neighbour_features(field(centres, masks, list(traces)))
    units = np.array([1e-3, 1.0, 1e5])
    scaled = neighbour_features(
        field(
            np.array(centres) + 300,
            np.array(masks) * units[:, None, None],
            [5 * unit + unit * trace for unit, trace in zip(units, traces, strict=True)],
        )
    )
    for name, values in plain.items():
        np.testing.assert_allclose(scaled[name], values, atol=1e-3, err_msg=name)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_neither_order_nor_other_recordings_change_anything(seed, count):
    rng = np.random.default_rng(seed)
    masks = np.stack([disc(radius, x) for radius, x in rng.uniform(2, 12, (count, 2))])
    traces = [
        None if rng.random() < 0.2 else rng.standard_normal(rng.choice([60, 90]))
        for _ in range(count)
    ]
    known = field(
        rng.uniform(0, 90, (count, 2)), masks, traces, recordings=rng.integers(0, 2, count)
    )
    known.centres_px[rng.random(count) < 0.1] = np.nan
    found = neighbour_features(known)
    order = rng.permutation(count)
    for rows in (order, order[known.recordings[order] == 1]):
        again = neighbour_features(
            Field(
                masks[rows], known.centres_px[rows], known.scales[rows], known.recordings[rows],
                known.traces.take(rows),
            )
        )  # fmt: skip
        for name, values in found.items():
            np.testing.assert_allclose(again[name], values[rows], atol=2e-4, err_msg=name)


def test_nan_stands_where_a_centre_or_a_trace_is_unknown_and_nowhere_else():
    traces = [*noise(2), None, noise(1)[0]]
    found = neighbour_features(field([[50, 50], [50, 58], [50, 66], [np.nan, 50]], traces=traces))
    assert tuple(found) == names()
    for name, values in found.items():
        expected = [False, False, name.startswith("trace: "), True]
        assert np.isnan(values).tolist() == expected, name


def test_one_alone_in_its_recording_has_nothing_in_common_with_anybody():
    found = neighbour_features(
        field([[50, 50], [50, 51]], traces=list(noise(2)), recordings=[0, 1])
    )
    for name, values in found.items():
        alone = np.log(REACH_PX + 1) if "distance" in name else 0.0
        assert values == pytest.approx([alone, alone]), name


def test_traces_of_another_length_or_rate_are_not_compared():
    signal = noise(1)[0]
    name = "trace: neighbours: greatest correlation, as it is"
    centres = [[50, 50], [50, 55], [50, 60]]
    found = neighbour_features(field(centres, traces=[signal, signal[:300], signal]))
    assert found[name] == pytest.approx([1, 0, 1])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 5.0, 1e300, np.nan, np.inf])
def test_odd_values_are_measured_without_a_warning(value):
    traces = [np.full(100, value), np.where(np.arange(100) == 50, value, 1.0), noise(1, 100)[0]]
    centres = [[50, 50], [50, 50], [value, -value]]
    found = neighbour_features(field(centres, traces=traces))
    for name, values in found.items():
        assert np.isfinite(values[:2]).all(), name
    full = field([[50, 50]] * 3, masks=np.full((3, 50, 50), 1e30), traces=traces)
    assert np.isfinite(list(neighbour_features(full).values())).all()


def test_many_in_one_place_have_so_many_neighbours_and_are_not_their_own():
    near = Near.of(np.full((50, 2), 7.0))
    assert near.there.all()
    assert (near.rows != np.arange(50)[:, None]).all()
    assert all(len(set(rows)) == MOST_NEIGHBOURS for rows in near.rows.tolist())


@pytest.mark.slow
def test_ten_thousand_in_one_recording_take_seconds_and_no_table_of_all_pairs():
    count = 10_000
    rng = np.random.default_rng(0)
    masks = np.broadcast_to(disc(), (count, 50, 50))
    traces = list(rng.standard_normal((count, 600)).astype(np.float32))
    many = field(rng.uniform(0, 1500, (count, 2)), masks, traces)
    tracemalloc.start()
    began = time.monotonic()
    neighbour_features(many)
    took, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 60
    assert peak < 500e6
