import numpy as np
import pytest

from app.rendering.transients import average_transient, transient_frames

RATE_HZ = 20.0


def trace(*starts: int, frames: int = 2000, decay_s: float = 0.8, noise: float = 0.1) -> np.ndarray:
    """Transients of height 2 that climb within a frame, on noise."""
    after = np.arange(frames)[:, None] - np.array(starts)
    shape = np.where(after >= 0, 2 * np.exp(-np.maximum(after, 0) / (decay_s * RATE_HZ)), 0)
    return (shape.sum(axis=1) + noise * np.random.default_rng(1).normal(size=frames)).astype(
        np.float32
    )


def test_peaks_are_found_where_they_are():
    found = transient_frames(trace(300, 700, 1500), RATE_HZ)
    np.testing.assert_allclose(found, [300, 700, 1500], atol=2)


def test_one_that_begins_before_the_last_has_decayed_counts():
    found = transient_frames(trace(300, 312), RATE_HZ)
    np.testing.assert_allclose(found, [300, 312], atol=2)


def test_noise_has_none():
    assert len(transient_frames(trace(), RATE_HZ)) == 0


def test_bleaching_and_a_wandering_baseline_have_none():
    drift = np.linspace(5, 0, 2000) + np.sin(np.arange(2000) / 150)
    found = transient_frames((trace(900) + drift).astype(np.float32), RATE_HZ)
    np.testing.assert_allclose(found, [900], atol=2)


def test_a_denoised_trace_has_those_that_stand_out():
    assert len(transient_frames(trace(300, 700, noise=0), RATE_HZ)) == 2


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 500, [np.nan] * 500])
def test_a_trace_that_says_nothing_has_none(values: list[float]):
    assert len(transient_frames(np.array(values, np.float32), RATE_HZ)) == 0


def test_values_that_are_missing_make_no_transient_and_hide_none():
    gappy = trace(300, 700)
    gappy[100:140] = np.nan
    np.testing.assert_allclose(transient_frames(gappy, RATE_HZ), [300, 700], atol=2)


def test_the_average_is_aligned_and_decays_as_its_transients_do():
    values = trace(300, 700, 1500)
    average = average_transient(values, transient_frames(values, RATE_HZ), RATE_HZ)
    assert average is not None
    assert average.count == 3
    assert (average.times[0], average.times[-1]) == (-1.0, 4.0)
    assert average.times[np.argmax(average.mean)] == 0
    assert average.mean.max() == pytest.approx(2, abs=0.2)
    assert average.spread.mean() == pytest.approx(0.1, abs=0.05)
    assert average.decay == pytest.approx(0.8, abs=0.1)


def test_transients_that_run_into_each_other_are_left_out_where_enough_stand_alone():
    values = trace(200, 400, 600, 1000, 1015, frames=2000)
    average = average_transient(values, transient_frames(values, RATE_HZ), RATE_HZ)
    assert average is not None
    assert average.count == 4
    assert average.mean[average.times > 2].max() < 0.4


def test_without_a_transient_that_fits_there_is_no_average():
    assert average_transient(trace(5), np.array([5], np.uint32), RATE_HZ) is None


def test_without_a_frame_rate_times_are_frames():
    values = trace(300, 700)
    average = average_transient(values, np.array([300, 700], np.uint32), None)
    assert average is not None
    assert (average.times[0], average.times[-1]) == (-10, 40)


def test_at_a_high_rate_the_peak_is_among_the_points():
    values = np.zeros(20_000, np.float32)
    values[5000:5100] = 1
    average = average_transient(values, np.array([5000], np.uint32), 1000.0)
    assert average is not None
    assert len(average.times) <= 202
    assert 0 in average.times
