import numpy as np
import pytest

from classifier.simulate import SimulationConfig, simulate_recording

SMALL = SimulationConfig(components=80, frames=200, field_shape_px=(150, 180))


@pytest.mark.parametrize("seed", range(4))
def test_masks_keep_what_a_recording_promises(seed):
    made = simulate_recording(SMALL, seed)
    assert made.masks.shape == (80, 50, 50)
    assert made.masks.dtype == np.float32
    assert np.isfinite(made.masks).all()
    assert (made.masks >= 0).all()
    assert (made.masks.reshape(80, -1).max(axis=1) > 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_middle_of_a_mask_is_its_centre_of_mass_rounded(seed):
    made = simulate_recording(SMALL, seed)
    along = np.arange(50) - 25
    weights = made.masks / made.masks.sum(axis=(1, 2), keepdims=True)
    offset = np.stack([(weights.sum(axis=2) * along).sum(1), (weights.sum(axis=1) * along).sum(1)])
    sub_pixel = made.centroids_px - np.rint(made.centroids_px)
    # A footprint longer than the window is cut by it, which moves its own centre.
    fits = (made.masks[:, [0, -1], :].max((1, 2)) == 0) & (
        made.masks[:, :, [0, -1]].max((1, 2)) == 0
    )
    assert fits.mean() > 0.9
    np.testing.assert_allclose(offset.T[fits], sub_pixel[fits], atol=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_masks_are_zero_beyond_the_field(seed):
    made = simulate_recording(SMALL, seed)
    for mask, centre in zip(made.masks, np.rint(made.centroids_px).astype(int), strict=True):
        rows = np.arange(50) - 25 + centre[0]
        columns = np.arange(50) - 25 + centre[1]
        outside = ((rows < 0) | (rows >= 150))[:, None] | ((columns < 0) | (columns >= 180))
        assert (mask[outside] == 0).all()
    assert (made.centroids_px >= 0).all()
    assert (made.centroids_px < (150, 180)).all()


def test_the_same_seed_makes_the_same_recording_and_another_another():
    first, again, other = (simulate_recording(SMALL, seed) for seed in (1, 1, 2))
    for name in ("masks", "traces", "truth", "centroids_px"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.masks, other.masks)
    for name, labels in first.annotator_labels.items():
        np.testing.assert_array_equal(labels, again.annotator_labels[name])


def test_traces_and_images_have_the_promised_shapes():
    made = simulate_recording(SMALL, 0)
    assert made.traces.shape == (80, 200)
    assert set(made.summary_images) == {"mean", "correlation", "max"}
    for image in made.summary_images.values():
        assert image.shape == (150, 180)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
    assert made.frame_rate_hz == 20.0


def test_summary_images_are_bright_where_the_neurons_are():
    made = simulate_recording(SimulationConfig(components=60, frames=50), 3)
    image = made.summary_images["correlation"]
    rows, columns = np.rint(made.centroids_px[made.truth == 1]).astype(int).T
    near = [
        image[max(r - 6, 0) : r + 7, max(c - 6, 0) : c + 7].max()
        for r, c in zip(rows, columns, strict=True)
    ]
    assert np.median(near) > np.percentile(image, 97)


def test_neurons_are_more_active_than_noise():
    made = simulate_recording(SimulationConfig(components=200), 0)
    noise_sd = np.median(np.abs(np.diff(made.traces, axis=1)), axis=1)
    height = (np.percentile(made.traces, 99, axis=1) - np.median(made.traces, axis=1)) / noise_sd
    assert np.median(height[made.truth == 1]) > 1.3 * np.median(height[made.truth == 3])


def test_annotators_err_about_one_time_in_seven_mostly_about_doubtful_neurons():
    made = [simulate_recording(SimulationConfig(components=250, frames=10), s) for s in (0, 1)]
    truth = np.concatenate([m.truth for m in made])
    for name in made[0].annotator_labels:
        given = np.concatenate([m.annotator_labels[name] for m in made])
        labeled = given > 0
        wrong = labeled & (given != truth)
        assert 0.7 < labeled.mean() < 0.9
        assert 0.09 < wrong.sum() / labeled.sum() < 0.18
        assert ((truth == 4) | (given == 4))[wrong].mean() > 0.6


def test_all_four_classes_occur_even_in_a_small_recording():
    made = simulate_recording(SimulationConfig(components=5, frames=10), 0)
    assert set(made.truth) == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("field", "value"),
    [("components", 0), ("frames", 1), ("frame_rate_hz", 0), ("field_shape_px", (40, 200)),
     ("coverage", 2)],
)  # fmt: skip
def test_an_impossible_recording_is_refused_by_field(field, value):
    with pytest.raises(ValueError, match=field):
        SimulationConfig(**{field: value})
