"""Suite2p's plane folders."""

import numpy as np
import pytest

from app.domain.errors import UnreadableFile
from app.formats.reading import read_recording
from tests.formats.builders import disc, discs, roi, save_objects, suite2p
from tests.formats.shared_data import shared


def test_the_inscopix_folder_is_read_whole():
    recording = read_recording(shared("suite2p/inscopix/plane0"))
    assert recording.masks.shape == (54, 50, 50)
    assert recording.traces is not None
    assert recording.traces.shape == (54, 300)
    assert recording.frame_rate_hz == pytest.approx(29.8739, abs=1e-4)
    assert recording.field_shape_px == (512, 512)
    assert set(recording.summary_images) == {"mean", "max"}
    (labels,) = recording.imported_labels
    assert labels.annotator == "suite2p iscell"
    assert np.bincount(labels.labels).tolist() == [0, 20, 0, 34]
    assert not recording.rejected


def test_the_neurofinder_folder_is_read_whole():
    recording = read_recording(shared("suite2p/neurofinder/plane0"))
    assert len(recording) == 286
    assert recording.frame_rate_hz == 7.0
    assert set(recording.summary_images) == {"mean", "correlation", "max"}


def test_masks_lie_on_the_cells_of_the_mean_image_and_not_transposed():
    """Bright pixels of the crop and of the mean image coincide better than when turned."""
    recording = read_recording(shared("suite2p/neurofinder/plane0"))
    image = np.pad(recording.summary_images["mean"], 25, mode="edge")
    upright, turned = [], []
    neurons = recording.imported_labels[0].labels == 1
    for mask, centroid in zip(
        recording.masks[neurons], recording.centroids_px[neurons], strict=True
    ):
        y, x = np.floor(centroid + 0.5).astype(int)
        upright.append(np.corrcoef(mask.ravel(), image[y : y + 50, x : x + 50].ravel())[0, 1])
        y, x = x, y
        turned.append(np.corrcoef(mask.ravel(), image[y : y + 50, x : x + 50].ravel())[0, 1])
    assert np.mean(upright) > 0.15
    assert np.mean(turned) < 0.05


def test_traces_are_fluorescence_less_the_neuropil(tmp_path):
    recording = read_recording(suite2p(tmp_path / "plane0"))
    assert recording.traces is not None
    np.testing.assert_allclose(recording.traces[:, 0], [-0.7, 99.3, 199.3], rtol=1e-6)
    assert "Traces are F - 0.7 Fneu." in recording.notes


def test_cropped_images_are_put_at_their_place(tmp_path):
    part = np.arange(40 * 70, dtype=float).reshape(40, 70)
    folder = suite2p(tmp_path / "plane0", Vcorr=part, yrange=[10, 50], xrange=[5, 75])
    image = read_recording(folder).summary_images["correlation"]
    assert image.shape == (60, 80)
    np.testing.assert_array_equal(image[10:50, 5:75], part)


def test_coordinates_from_1_are_moved(tmp_path):
    rois = [roi(disc(20, 30)), roi(disc(56, 76))]
    shifted = [{**r, "ypix": r["ypix"] + 1, "xpix": r["xpix"] + 1} for r in rois]
    recording = read_recording(suite2p(tmp_path / "p", shifted))
    assert "count from 1" in " ".join(recording.notes)
    np.testing.assert_allclose(recording.centroids_px[0], [20, 30])


def test_bad_components_are_reported_and_the_others_kept(tmp_path):
    good = roi(disc(20, 30))
    nan = roi(disc(20, 30), lam=np.full(len(good["lam"]), np.nan))
    empty = {"ypix": np.array([], int), "xpix": np.array([], int), "lam": np.array([])}
    negative = roi(disc(20, 30), lam=-np.ones(len(good["lam"])))
    outside = roi(disc(20, 30), ypix=good["ypix"] + 500)
    uneven = roi(disc(20, 30), ypix=good["ypix"][:-1])
    rois = [nan, good, empty, negative, outside, uneven]
    recording = read_recording(suite2p(tmp_path / "p", rois))
    assert recording.source_indices.tolist() == [1]
    assert [bad.source_index for bad in recording.rejected] == [0, 2, 3, 4, 5]
    reasons = " ".join(bad.reason for bad in recording.rejected)
    for word in ("NaN", "empty", "above 0", "outside", "length"):
        assert word in reasons


def test_single_nan_and_negative_weights_count_as_zero_with_a_note(tmp_path):
    weights = roi(disc(20, 30))["lam"].copy()
    weights[0], weights[1] = np.nan, -1
    recording = read_recording(suite2p(tmp_path / "p", [roi(disc(20, 30), lam=weights)]))
    assert np.isfinite(recording.masks).all()
    assert recording.masks.min() == 0
    text = " ".join(recording.notes)
    assert "1 components had NaN" in text
    assert "1 components had negative" in text


def test_a_folder_without_ops_or_traces_is_still_read(tmp_path):
    folder = suite2p(tmp_path / "p")
    for name in ("ops.npy", "F.npy", "Fneu.npy", "iscell.npy"):
        (folder / name).unlink()
    recording = read_recording(folder)
    assert recording.traces is None
    assert recording.frame_rate_hz is None
    assert recording.imported_labels == ()
    assert len(recording) == 3


@pytest.mark.parametrize("name", ["stat.npy", "ops.npy", "F.npy", "Fneu.npy", "iscell.npy"])
def test_a_truncated_part_is_named(tmp_path, name):
    folder = suite2p(tmp_path / "plane0")
    data = (folder / name).read_bytes()
    for end in (0, 5, len(data) // 2, len(data) - 1):
        (folder / name).write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=name) as caught:
            read_recording(folder)
        assert str(tmp_path) not in str(caught.value)


def test_a_stat_without_pixels_says_which_roi(tmp_path):
    folder = suite2p(tmp_path / "p", [roi(disc(20, 30)), {"ypix": np.arange(3)}])
    with pytest.raises(UnreadableFile, match="ROI 1 has no xpix, lam"):
        read_recording(folder)


def test_more_masks_than_traces_leaves_the_traces_out(tmp_path):
    folder = suite2p(tmp_path / "p")
    np.save(folder / "F.npy", np.zeros((2, 40)))
    np.save(folder / "Fneu.npy", np.zeros((2, 40)))
    recording = read_recording(folder)
    assert recording.traces is None
    assert "cannot be matched" in " ".join(recording.notes)


def test_an_empty_table_is_an_error(tmp_path):
    folder = suite2p(tmp_path / "p")
    save_objects(folder / "stat.npy", [], (0,))
    with pytest.raises(UnreadableFile, match="no components"):
        read_recording(folder)


def test_the_mean_image_of_the_builder_shows_the_masks(tmp_path):
    recording = read_recording(suite2p(tmp_path / "p"))
    np.testing.assert_array_equal(recording.summary_images["mean"], discs().sum(0))
