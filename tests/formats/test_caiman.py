"""CaImAn's cnmf.save files."""

import h5py
import numpy as np
import pytest

from app.domain.errors import FileTooLarge, UnreadableFile
from app.formats.limits import MB, ReadLimits
from app.formats.reading import read_recording
from tests.formats.builders import caiman, discs, npz, some_traces
from tests.formats.shared_data import shared

REAL = "caiman/sample_cellset_msr_1.hdf5"


def test_the_real_file_is_read_whole():
    recording = read_recording(shared(REAL))
    assert recording.masks.shape == (5, 50, 50)
    assert recording.traces is not None
    assert recording.traces.shape == (5, 100)
    assert recording.frame_rate_hz == pytest.approx(20.015, abs=1e-3)
    assert recording.field_shape_px == (400, 640)
    (labels,) = recording.imported_labels
    assert labels.annotator == "caiman accepted"
    assert labels.labels.tolist() == [1, 1, 1, 1, 1]


def test_columns_of_a_are_the_field_down_its_columns(tmp_path):
    recording = read_recording(caiman(tmp_path / "a.hdf5"))
    plain = read_recording(npz(tmp_path / "a.npz", masks=discs()))
    np.testing.assert_array_equal(recording.masks, plain.masks)
    np.testing.assert_array_equal(recording.centroids_px, plain.centroids_px)


def test_accepted_is_neuron_and_rejected_is_noise(tmp_path):
    (labels,) = read_recording(caiman(tmp_path / "a.hdf5")).imported_labels
    assert labels.labels.tolist() == [1, 3, 1]


def test_a_file_without_lists_has_no_labels(tmp_path):
    path = caiman(tmp_path / "a.hdf5", idx_components=None, idx_components_bad=None)
    assert read_recording(path).imported_labels == ()


def test_older_lists_are_read_too(tmp_path):
    lists = {"accepted_list": np.array([1]), "rejected_list": np.array([], int)}
    path = caiman(tmp_path / "a.hdf5", idx_components=None, idx_components_bad=None, **lists)
    assert read_recording(path).imported_labels[0].labels.tolist() == [0, 1, 0]


def test_relative_fluorescence_is_preferred(tmp_path):
    recording = read_recording(caiman(tmp_path / "a.hdf5", F_dff=some_traces() / 7))
    assert recording.traces is not None
    np.testing.assert_allclose(recording.traces, some_traces() / 7, rtol=1e-6)
    assert "F_dff" in " ".join(recording.notes)


def test_a_correlation_image_and_a_coarser_one_come_in(tmp_path):
    image = discs().sum(0)
    recording = read_recording(caiman(tmp_path / "a.hdf5", Cn=image))
    np.testing.assert_array_equal(recording.summary_images["correlation"], image)


def test_dims_that_do_not_fit_are_an_error(tmp_path):
    path = caiman(tmp_path / "a.hdf5", dims=np.array([10, 20]))
    with h5py.File(path, "a") as file:
        del file["dims"]
    with pytest.raises(UnreadableFile, match="dims"):
        read_recording(path)


@pytest.mark.parametrize("part", ["data", "indices", "indptr", "shape"])
def test_a_matrix_that_lacks_a_part_is_an_error(tmp_path, part):
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["estimates/A"][part]
    with pytest.raises(UnreadableFile, match=part):
        read_recording(path)


@pytest.mark.parametrize("change", [-1, 10**9])
def test_pixels_beyond_the_field_are_an_error(tmp_path, change):
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        file["estimates/A/indices"][0] = change
    with pytest.raises(UnreadableFile, match="pixels beyond"):
        read_recording(path)


def test_every_cut_of_the_real_file_is_refused_cleanly(tmp_path):
    data = shared(REAL).read_bytes()
    for end in range(0, len(data) - 1, len(data) // 25):
        (tmp_path / "cut.hdf5").write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=r"cut\.hdf5") as caught:
            read_recording(tmp_path / "cut.hdf5")
        assert str(tmp_path) not in str(caught.value)


def test_links_to_other_files_are_refused(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["C"] = some_traces()
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["estimates/C"]
        file["estimates/C"] = h5py.ExternalLink(str(secret), "/C")
    with pytest.raises(UnreadableFile, match="link to another file"):
        read_recording(path)


def test_a_link_at_the_top_is_refused_before_it_is_followed(tmp_path):
    caiman(tmp_path / "real.hdf5")
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["estimates"] = h5py.ExternalLink(str(tmp_path / "real.hdf5"), "/estimates")
    with pytest.raises(UnreadableFile):
        read_recording(tmp_path / "a.hdf5")
    with pytest.raises(UnreadableFile, match="another file"):
        read_recording(tmp_path / "a.hdf5", format="caiman")


def test_data_stored_in_other_files_is_refused(tmp_path):
    (tmp_path / "raw.bin").write_bytes(some_traces().tobytes())
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["estimates/C"]
        file["estimates"].create_dataset(
            "C", (3, 40), "f4", external=[(str(tmp_path / "raw.bin"), 0, 480)]
        )
    with pytest.raises(UnreadableFile, match="another file"):
        read_recording(path)


def test_virtual_datasets_are_refused(tmp_path):
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["C"] = some_traces()
    layout = h5py.VirtualLayout((3, 40), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "C", (3, 40))
    with h5py.File(path, "a") as file:
        del file["estimates/C"]
        file["estimates"].create_virtual_dataset("C", layout)
    with pytest.raises(UnreadableFile, match="another file"):
        read_recording(path)


def test_a_dataset_that_declares_terabytes_allocates_nothing(tmp_path):
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["estimates/C"]
        file["estimates"].create_dataset("C", (3, 10**12), "f4", chunks=(1, 1000))
    with pytest.raises(FileTooLarge, match="estimates/C"):
        read_recording(path, limits=ReadLimits(max_unpacked_bytes=100 * MB))


def test_groups_where_data_belongs_are_an_error(tmp_path):
    path = caiman(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["estimates/A/data"]
        file.create_group("estimates/A/data")
    with pytest.raises(UnreadableFile, match="group"):
        read_recording(path)
