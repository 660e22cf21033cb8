"""Shifted recordings are the same cells as another microscope would have shown them."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.shifted import (
    Shift,
    crop_contexts,
    other_simulator,
    shift_contexts,
    shift_masks,
    shift_trace,
    shifted,
    zoom_images,
)
from classifier.inputs import Components

Y, X = np.mgrid[-25:25, -25:25]
DISC = np.exp(-((np.hypot(Y, X) / 6) ** 6)).astype(np.float32)
SHIFT = Shift.draw(np.random.default_rng(0))


def radius_px(image: np.ndarray) -> float:
    return float(np.sqrt((image > 0.5 * image.max()).sum() / np.pi))


@pytest.mark.parametrize("zoom", [0.7, 1.0, 1.4])
def test_zoom_is_about_the_middle(zoom):
    found = zoom_images(DISC[None], zoom, "zeros")[0]
    assert radius_px(found) == pytest.approx(radius_px(DISC) * zoom, rel=0.06)
    assert (found.sum(axis=1) @ Y[:, 0]) / found.sum() == pytest.approx(0, abs=0.1)


def test_no_mask_becomes_empty_or_negative():
    dot = np.zeros((1, 50, 50), dtype=np.float32)
    dot[0, 25, 25] = 1e-3
    for zoom in (0.67, 1.5):
        found = shift_masks(dot, replace(SHIFT, zoom=zoom), np.random.default_rng(0))
        assert found.max() > 0
        assert found.min() >= 0


def test_a_trace_gets_the_new_rate_length_and_decay():
    rate = 20.0
    trace = np.zeros(1200)
    trace[600:] = np.exp(-np.arange(600) / rate)
    quiet = replace(
        SHIFT, trace_noise=0, gain=1, stretch=2.0, decay_s=0, frame_rate_hz=10.0, seconds=90
    )
    found = shift_trace(trace, rate, quiet, np.random.default_rng(0))
    assert len(found) == 900
    start = int(found.argmax())
    assert start == pytest.approx(600, abs=1)
    # Decaying within 1 s before, within 2 s, which are 20 frames, now.
    assert found[start + 20] / found[start] == pytest.approx(np.exp(-1), abs=0.05)


def test_the_mean_over_time_survives_the_resampling():
    trace = np.random.default_rng(1).gamma(2, size=1500)
    quiet = replace(SHIFT, trace_noise=0, gain=1, decay_s=0, stretch=1, seconds=75)
    found = shift_trace(trace, 20.0, quiet, np.random.default_rng(0))
    assert found.mean() == pytest.approx(trace.mean(), rel=0.02)


def test_a_context_keeps_its_order_of_brightness_and_its_missing_border():
    contexts = np.stack([DISC + 1, DISC / 2], axis=0)[None].astype(np.float32)
    contexts[:, :, :, :10] = np.nan
    still = replace(SHIFT, zoom=1.0, mean_noise=0, correlation_noise=0)
    found = shift_contexts(contexts, still, np.random.default_rng(0))
    assert np.isnan(found[0, :, :, :9]).all()
    assert np.isfinite(found[0, :, :, 11:]).all()
    assert found[0, 0, 25, 25] > found[0, 0, 45, 25]


def test_the_same_seed_shifts_the_same_and_rows_keep_their_places():
    rng = np.random.default_rng(2)
    masks = np.stack([DISC * (1 + k) for k in range(6)])
    components = Components(
        masks,
        [rng.standard_normal(400) for _ in range(5)] + [None],
        np.full(6, 20.0),
        None,
        np.array([0, 1, 0, 1, 2, 2]),
    )
    once, again = shifted(components, 3), shifted(components, 3)
    assert np.array_equal(once.masks, again.masks)
    assert np.array_equal(once.groups, components.groups)
    assert once.traces is not None
    assert once.traces[5] is None
    # Brightness still grows with the row, so no row changed places.
    assert (np.diff(once.masks.max(axis=(1, 2))) > 0).all()
    assert not np.array_equal(once.masks, shifted(components, 4).masks)


def test_neighbours_move_apart_as_the_zoom_says():
    centres = np.array([[10.0, 20.0], [10.0, 60.0], [np.nan, 5.0]])
    found = shifted(
        Components(np.stack([DISC] * 3), recordings=np.zeros(3, np.int64), centres_px=centres), 3
    )
    zoom = Shift.draw(np.random.default_rng([3, 0])).zoom
    assert found.centres_px is not None
    np.testing.assert_allclose(found.centres_px, centres * zoom)


def test_our_own_simulator_gives_every_kind_of_input():
    components, referee = other_simulator(seed=0, components=12)
    assert len(components) == len(referee) == 48
    assert components.frame_rates_hz is not None
    assert len(np.unique(components.frame_rates_hz)) == 4
    assert components.centres_px is not None
    assert len(np.unique(components.centres_px, axis=0)) > 40
    assert components.contexts is not None
    assert components.contexts.shape == (48, 2, 50, 50)


def test_a_crop_is_centred_and_has_nothing_beyond_the_image():
    image = np.arange(100 * 80, dtype=np.float32).reshape(100, 80)
    crop = crop_contexts([image, image], np.array([[50.0, 40.0], [0.0, 79.0]]))
    assert crop[0, 0, 25, 25] == image[50, 40]
    assert crop[1, 0, 25, 25] == image[0, 79]
    assert np.isnan(crop[1, 0, 24]).all()
