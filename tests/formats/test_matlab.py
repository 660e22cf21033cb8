"""MATLAB results, of version 5 and 7.3, by whatever names."""

import h5py
import numpy as np
import pytest
from scipy import io, sparse

from app.domain.errors import FileTooLarge, UnreadableFile
from app.formats.limits import MB, ReadLimits
from app.formats.matlab_values import is_sparse
from app.formats.reading import read_recording
from tests.formats.builders import FIELD, discs, npz, some_traces

COLUMNS = np.stack([mask.ravel(order="F") for mask in discs()], axis=1)
LAST = np.moveaxis(discs(), 0, 2)


def save73(path, tree):
    """As MATLAB writes it: a 512-byte header, axes reversed, sparse matrices as groups."""
    with h5py.File(path, "w", userblock_size=512) as file:
        _fill(file, tree)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def _fill(group, tree):
    for name, value in tree.items():
        if isinstance(value, dict):
            _fill(group.create_group(name), value)
        elif is_sparse(value):
            part = group.create_group(name)
            part.attrs["MATLAB_sparse"] = np.uint64(value.shape[0])
            part["data"], part["ir"], part["jc"] = value.data, value.indices, value.indptr
        else:
            group[name] = np.atleast_2d(np.asarray(value)).T


def save5(path, tree):
    io.savemat(path, tree)
    return path


TREES = {
    "EXTRACT": {
        "output": {
            "spatial_weights": LAST,
            "temporal_weights": some_traces().T,
            "info": {"max_image": discs().max(0)},
        }
    },
    "EXTRACT of old": {"extractAnalysisOutput": {"filters": LAST, "traces": some_traces()}},
    "CNMF-E": {
        "neuron": {
            "A": sparse.csc_matrix(COLUMNS),
            "C_raw": some_traces(),
            "Cn": discs().sum(0),
            "Fs": 10.0,
            "options": {"d1": 60.0, "d2": 80.0},
        }
    },
    "CNMF-E of Schnitzer's lab": {
        "cnmfeAnalysisOutput": {
            "extractedImages": LAST,
            "extractedSignals": some_traces(),
            "time": {"totalTime": 4.0},
        }
    },
    "plain CNMF": {"A_or": COLUMNS, "C_or": some_traces(), "options": {"d1": 60, "d2": 80}},
    "the field by its image": {"A": COLUMNS, "C": some_traces(), "Cn": discs().sum(0)},
    "PCA-ICA": {"pcaicaAnalysisOutput": {"IcaFilters": discs(), "IcaTraces": some_traces()}},
}


@pytest.mark.parametrize("save", [save5, save73])
@pytest.mark.parametrize("tree", TREES.values(), ids=TREES.keys())
def test_each_layout_gives_the_same_recording(tmp_path, save, tree):
    recording = read_recording(save(tmp_path / "a.mat", tree))
    plain = read_recording(npz(tmp_path / "a.npz", masks=discs(), traces=some_traces()))
    np.testing.assert_array_equal(recording.masks, plain.masks)
    np.testing.assert_array_equal(recording.centroids_px, plain.centroids_px)
    np.testing.assert_array_equal(recording.traces, plain.traces)
    assert recording.field_shape_px == FIELD


@pytest.mark.parametrize("save", [save5, save73])
def test_rate_and_images_come_in(tmp_path, save):
    recording = read_recording(save(tmp_path / "a.mat", TREES["CNMF-E"]))
    assert recording.frame_rate_hz == 10.0
    np.testing.assert_array_equal(recording.summary_images["correlation"], discs().sum(0))
    timed = read_recording(save(tmp_path / "b.mat", TREES["CNMF-E of Schnitzer's lab"]))
    assert timed.frame_rate_hz == 10.0


@pytest.mark.parametrize("save", [save5, save73])
def test_a_file_without_footprints_or_size_says_what_is_missing(tmp_path, save):
    with pytest.raises(UnreadableFile, match="no footprints under any known name"):
        read_recording(save(tmp_path / "a.mat", {"x": np.ones((3, 3, 3))}))
    with pytest.raises(UnreadableFile, match="field's size"):
        read_recording(save(tmp_path / "a.mat", {"A": COLUMNS, "C": some_traces()}))


@pytest.mark.parametrize("save", [save5, save73])
def test_every_cut_is_refused_cleanly(tmp_path, save):
    data = save(tmp_path / "a.mat", TREES["EXTRACT"]).read_bytes()
    for end in range(0, len(data) - 1, len(data) // 20):
        (tmp_path / "cut.mat").write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=r"cut\.mat"):
            read_recording(tmp_path / "cut.mat")


def test_a_bomb_of_version_5_is_stopped_before_it_is_loaded(tmp_path):
    io.savemat(tmp_path / "a.mat", {"A": np.zeros((2_000_000, 2))}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < MB
    with pytest.raises(FileTooLarge):
        read_recording(tmp_path / "a.mat", limits=ReadLimits(max_unpacked_bytes=8 * MB))
