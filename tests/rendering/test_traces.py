import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.traces import display_points


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=frames).astype(np.float32)


def test_a_short_trace_comes_back_whole_in_seconds():
    times_s, values = display_points(noise(30), frame_rate_hz=10.0, points=1000)
    np.testing.assert_allclose(times_s, np.arange(30) / 10.0)
    np.testing.assert_array_equal(values, noise(30))


def test_without_a_frame_rate_the_unit_is_the_frame():
    times, _ = display_points(noise(30), frame_rate_hz=None, points=1000)
    np.testing.assert_array_equal(times, np.arange(30))


@given(
    frames=st.integers(1, 4000),
    points=st.integers(1, 300),
    seed=st.integers(0, 10**6),
    spike=st.floats(-100, 100, width=32),
)
def test_no_peak_is_ever_lost(frames: int, points: int, seed: int, spike: float):
    trace = noise(frames, seed)
    trace[seed % frames] += np.float32(spike)
    times, values = display_points(trace, None, points)
    assert values.max() == trace.max()
    assert values.min() == trace.min()
    assert len(times) == len(values) <= max(points, 4)
    assert (np.diff(times) > 0).all()
    np.testing.assert_array_equal(values, trace[times.astype(int)])
    assert times[0] == 0
    assert times[-1] == frames - 1


@pytest.mark.parametrize("trace", [np.ones(5000), np.zeros(3), np.zeros(0), np.full(100, np.nan)])
def test_flat_short_and_empty_traces_are_drawn(trace: np.ndarray):
    times, values = display_points(trace.astype(np.float32), 30.0, 100)
    assert len(times) == len(values) <= 100
    assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("first", "last", "frames"),
    [
        (10, 14, [10, 11, 12, 13, 14]),
        (28, None, [28, 29]),
        (28, 99, [28, 29]),
        (9, 3, []),
        (99, 120, []),
    ],
)
def test_a_part_is_drawn_at_its_own_times(first: int, last: int | None, frames: list[int]):
    times_s, values = display_points(noise(30), 10.0, 100, first=first, last=last)
    np.testing.assert_allclose(times_s, np.array(frames) / 10.0)
    np.testing.assert_array_equal(values, noise(30)[frames])


def test_frames_that_are_not_finite_are_left_out():
    trace = noise(1000)
    trace[200:300] = np.nan
    times, values = display_points(trace, None, 100)
    assert np.isfinite(values).all()
    assert not ((times >= 200) & (times < 300)).any()
