"""NWB files with PlaneSegmentations."""

from typing import Any

import h5py
import numpy as np
import pytest

from app.domain.errors import UnreadableFile
from app.formats.reading import read_recording, read_recordings
from tests.formats.builders import add_series, disc, discs, npz, nwb, some_traces
from tests.formats.shared_data import shared

REAL = "nwb/test_nwb.nwb"
PLANE = "processing/ophys/ImageSegmentation/PlaneSegmentation"
SERIES = "processing/ophys/Fluorescence/RoiResponseSeries"
PIXEL = np.dtype([("x", "<u4"), ("y", "<u4"), ("weight", "<f4")])


def pixel_mask(footprints: np.ndarray, offset: int = 0) -> dict[str, Any]:
    rows = [(x + offset, y + offset, f[y, x]) for f in footprints for y, x in np.argwhere(f)]
    ends = np.cumsum([np.count_nonzero(f) for f in footprints])
    return {
        "image_mask": None,
        "pixel_mask": np.array(rows, dtype=PIXEL),
        "pixel_mask_index": ends,
    }


def add_image(path, name, image):
    with h5py.File(path, "a") as file:
        file[f"processing/ophys/images/{name}"] = image
        file[f"processing/ophys/images/{name}"].attrs["neurodata_type"] = "GrayscaleImage"


def test_the_real_file_is_read_whole_although_its_traces_are_component_major():
    recording = read_recording(shared(REAL))
    assert recording.masks.shape == (19, 50, 50)
    assert recording.traces is not None
    assert recording.traces.shape == (19, 1000)
    assert recording.frame_rate_hz == 30.0
    assert recording.field_shape_px == (128, 128)
    assert recording.imported_labels[0].annotator == "nwb iscell"
    with h5py.File(shared(REAL)) as file:
        stored = file["processing/ophys/Fluorescence/Fluorescence/data"][()]
    np.testing.assert_allclose(recording.traces, stored, rtol=1e-6)


def test_traces_are_matched_by_the_region_and_not_by_order(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        file[SERIES]["rois"][:] = [2, 0, 1]
    recording = read_recording(path)
    assert recording.traces is not None
    assert recording.traces[:, 0].tolist() == [100, 200, 0]
    assert recording.frame_rate_hz == 12.5


def test_relative_fluorescence_is_preferred_to_raw_and_neuropil(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        add_series(file, file[PLANE], "DfOverF", -some_traces().T[:20], np.arange(3))
        add_series(file, file[PLANE], "Neuropil", some_traces().T, np.arange(3))
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.traces, -some_traces()[:, :20])
    assert "DfOverF" in " ".join(recording.notes)


def test_more_masks_than_traces_gives_those_without_one_zeros_and_a_note(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        for name in ("data", "rois"):
            del file[SERIES][name]
        file[SERIES]["data"] = some_traces(2).T + 1
        file[SERIES]["rois"] = np.array([0, 2])
    recording = read_recording(path)
    assert recording.traces is not None
    assert recording.traces[:, 0].tolist() == [1, 0, 101]
    assert "1 components have no trace" in " ".join(recording.notes)


def test_no_traces_at_all_is_no_error(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        del file["processing/ophys/Fluorescence"]
        file["general/optophysiology/plane/imaging_rate"] = 9.0
    recording = read_recording(path)
    assert recording.traces is None
    assert recording.frame_rate_hz == 9.0


def test_the_rate_comes_from_timestamps_too(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        del file[SERIES]["starting_time"]
        file[SERIES]["timestamps"] = np.arange(40) * 0.05
    assert read_recording(path).frame_rate_hz == pytest.approx(20)


def test_pixel_masks_are_read_x_first(tmp_path):
    path = nwb(tmp_path / "a.nwb", **pixel_mask(discs()))
    add_image(path, "mean", discs().sum(0))
    plain = read_recording(npz(tmp_path / "a.npz", masks=discs()))
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.masks, plain.masks)
    np.testing.assert_array_equal(recording.centroids_px, plain.centroids_px)
    assert recording.field_shape_px == (60, 80)


def test_pixel_masks_from_1_are_moved(tmp_path):
    footprints = np.stack([disc(20, 30), disc(55, 75)])
    path = nwb(tmp_path / "a.nwb", id=np.arange(2), **pixel_mask(footprints, offset=1))
    add_image(path, "mean", discs().sum(0))
    np.testing.assert_allclose(read_recording(path).centroids_px[0], [20, 30], atol=1e-5)


def test_suite2ps_exchanged_rows_and_columns_are_put_right(tmp_path):
    table = pixel_mask(discs())
    swapped = table["pixel_mask"].copy()
    swapped["x"], swapped["y"] = table["pixel_mask"]["y"], table["pixel_mask"]["x"]
    path = nwb(tmp_path / "a.nwb", **{**table, "pixel_mask": swapped})
    with h5py.File(path, "a") as file:
        file["session_description"] = "suite2p_proc"
    np.testing.assert_allclose(read_recording(path).centroids_px[0], [20, 30], atol=1e-5)


def test_neuroconvs_x_first_masks_and_images_are_turned(tmp_path):
    path = nwb(tmp_path / "a.nwb", image_mask=discs().swapaxes(1, 2))
    add_image(path, "mean", discs().sum(0).T)
    with h5py.File(path, "a") as file:
        file["general/source_script"] = "Created using NeuroConv v0.6"
    recording = read_recording(path)
    np.testing.assert_allclose(recording.centroids_px[0], [20, 30], atol=1e-5)
    np.testing.assert_array_equal(recording.summary_images["mean"], discs().sum(0))


def test_images_are_known_by_their_names(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    for name in ("correlation_image", "max_projection", "average"):
        add_image(path, name, discs().sum(0))
    assert set(read_recording(path).summary_images) == {"correlation", "max", "mean"}


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("accepted", [1, 0, 1], [1, 3, 1]),
        ("Accepted", [True, False, True], [1, 3, 1]),
        ("iscell", [[1, 0.9], [0, 0.2], [1, 0.7]], [1, 3, 1]),
        ("is_cell", [1.0, 0.0, 0.0], [1, 3, 3]),
        ("label", [4, 2, 0], [4, 2, 0]),
        ("labels", ["neuron", "process", "?"], [1, 2, 0]),
    ],
)
def test_columns_of_decisions_become_labels(tmp_path, column, values, expected):
    text = isinstance(values[0], str)
    data = np.array(values, dtype=h5py.string_dtype()) if text else np.array(values)
    (labels,) = read_recording(nwb(tmp_path / "a.nwb", **{column: data})).imported_labels
    assert labels.labels.tolist() == expected
    assert labels.annotator == f"nwb {column}"


def test_neither_accepted_nor_rejected_is_no_label(tmp_path):
    columns = {"accepted": np.array([1, 0, 0]), "rejected": np.array([0, 1, 0])}
    (labels,) = read_recording(nwb(tmp_path / "a.nwb", **columns)).imported_labels
    assert labels.labels.tolist() == [1, 3, 0]


def test_a_column_of_other_numbers_is_no_label(tmp_path):
    recording = read_recording(nwb(tmp_path / "a.nwb", label=np.array([17, 3, 99])))
    assert recording.imported_labels == ()
    assert "not of 1 to 4" in " ".join(recording.notes)


def test_each_plane_is_a_recording_with_its_own_traces(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        second = file.create_group(f"{PLANE}2")
        second["id"], second["image_mask"] = np.arange(2), discs()[:2] * 3
        add_series(file, second, "Fluorescence2", some_traces(2).T + 7, np.arange(2))
    first, other = read_recordings(path)
    assert (first.name, other.name) == ("a PlaneSegmentation", "a PlaneSegmentation2")
    assert first.traces is not None
    assert other.traces is not None
    assert first.traces[0, 0] == 0
    assert other.traces[0, 0] == 7


def test_a_background_mask_is_no_component(tmp_path):
    masks = np.concatenate([discs(), np.ones((1, 60, 80))])
    recording = read_recording(nwb(tmp_path / "a.nwb", id=np.arange(4), image_mask=masks))
    assert recording.source_indices.tolist() == [0, 1, 2]
    assert "background" in recording.rejected[0].reason


def test_volumes_are_refused_with_the_reason(tmp_path):
    with pytest.raises(UnreadableFile, match="one plane"):
        read_recording(nwb(tmp_path / "a.nwb", image_mask=np.ones((3, 6, 6, 2))))


@pytest.mark.parametrize("ends", [[5, 3, 9], [1, 2, 10**9]])
def test_an_index_that_does_not_fit_is_refused(tmp_path, ends):
    table = {**pixel_mask(discs()), "pixel_mask_index": np.array(ends)}
    with pytest.raises(UnreadableFile, match="pixel_mask_index"):
        read_recording(nwb(tmp_path / "a.nwb", **table))


def test_every_cut_of_the_real_file_is_refused_cleanly(tmp_path):
    data = shared(REAL).read_bytes()
    for end in range(0, len(data) - 1, len(data) // 25):
        (tmp_path / "cut.nwb").write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=r"cut\.nwb"):
            read_recording(tmp_path / "cut.nwb")


def test_a_file_without_planes_says_so(tmp_path):
    path = nwb(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        del file["processing/ophys/ImageSegmentation"]
    with pytest.raises(UnreadableFile, match="no PlaneSegmentation"):
        read_recording(path)
