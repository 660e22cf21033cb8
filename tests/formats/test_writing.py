"""What is written reads back."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.domain.recordings import ImportedLabels, Recording
from app.formats.reading import read_recording
from app.formats.writing import labels_csv, write_arrays, write_iscell
from tests.formats.builders import npz
from tests.formats.shared_data import shared

FINITE = st.floats(0, 1e6, width=32)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    n = draw(st.integers(1, 4))
    masks = draw(hnp.arrays(np.float32, (n, 50, 50), elements=FINITE, fill=st.just(0.0)))
    masks[:, 25, 25] = draw(hnp.arrays(np.float32, n, elements=st.floats(0.5, 100, width=32)))
    field = draw(
        st.none() | st.just((50, 50)) | st.tuples(st.integers(51, 90), st.integers(40, 90))
    )
    images = {}
    if field is not None:
        image = draw(hnp.arrays(np.float32, field, elements=st.floats(-1e3, 1e3, width=32)))
        images = {draw(st.sampled_from(["mean", "correlation", "max", "footprints"])): image}
    radius = draw(st.none() | st.floats(1, 50))
    names = draw(st.lists(st.text("abcé ", min_size=1), unique=True, max_size=3))
    labels = draw(hnp.arrays(np.int8, (n, len(names)), elements=st.integers(1, 4)))
    traces = hnp.arrays(np.float32, (n, 7), elements=st.floats(-1e6, 1e6, width=32))
    centroids = hnp.arrays(np.float32, (n, 2), elements=st.floats(0, 50, width=32))
    return Recording(
        name="r",
        source_format="arrays",
        masks=masks,
        centroids_px=draw(centroids),
        source_indices=np.array(draw(st.permutations(range(10))))[:n],
        traces=draw(st.none() | traces),
        frame_rate_hz=draw(st.none() | st.floats(0.1, 1000)),
        field_shape_px=field,
        summary_images=images,
        imported_labels=tuple(
            ImportedLabels(name, labels[:, index]) for index, name in enumerate(names)
        ),
        neuron_radius_px=radius,
        mask_scale=1.0 if radius is None else 8.0 / radius,
    )


def assert_same(read: Recording, written: Recording) -> None:
    assert read.content_hash() == written.content_hash()
    np.testing.assert_array_equal(read.source_indices, written.source_indices)
    assert read.frame_rate_hz == written.frame_rate_hz
    assert read.neuron_radius_px == written.neuron_radius_px
    assert read.mask_scale == written.mask_scale
    assert set(read.summary_images) == set(written.summary_images)
    for kind, image in written.summary_images.items():
        np.testing.assert_array_equal(read.summary_images[kind], image)
    assert len(read.imported_labels) == len(written.imported_labels)
    for mine, their in zip(read.imported_labels, written.imported_labels, strict=True):
        assert mine.annotator == their.annotator
        np.testing.assert_array_equal(mine.labels, their.labels)


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_a_recording_written_and_read_is_the_same(recording):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.npz")
        write_arrays(recording, path)
        assert_same(read_recording(path), recording)


REAL = [
    "suite2p/inscopix/plane0",
    "suite2p/neurofinder/plane0",
    "arrays/caiman_sue2x.npz",
    "caiman/sample_cellset_msr_1.hdf5",
    "nwb/test_nwb.nwb",
    "minian",
    "inscopix/cellset_accepted_undecided_and_rejected_cells.isxd",
]


@pytest.mark.parametrize("radius", [None, 6.0])
@pytest.mark.parametrize("name", REAL)
def test_every_real_file_read_twice_or_written_and_read_is_the_same(tmp_path, name, radius):
    first = read_recording(shared(name), neuron_radius_px=radius)
    second = read_recording(shared(name), neuron_radius_px=radius, name="another name")
    assert first.content_hash() == second.content_hash()
    write_arrays(first, tmp_path / "a.npz")
    assert_same(read_recording(tmp_path / "a.npz"), first)


@pytest.mark.parametrize("name", REAL)
def test_every_real_recording_keeps_the_contract(name):
    recording = read_recording(shared(name))
    n = len(recording)
    assert recording.masks.shape == (n, 50, 50)
    assert recording.masks.dtype == np.float32
    assert np.isfinite(recording.masks).all()
    assert recording.masks.min() >= 0
    assert recording.masks.any(axis=(1, 2)).all()
    assert recording.centroids_px.shape == (n, 2)
    assert recording.centroids_px.dtype == np.float32
    assert recording.source_indices.dtype == np.int64
    assert recording.traces is not None
    assert recording.traces.dtype == np.float32
    assert np.isfinite(recording.traces).all()
    assert recording.field_shape_px is not None
    assert (recording.centroids_px >= 0).all()
    assert (recording.centroids_px < recording.field_shape_px).all()
    assert recording.summary_images
    for image in recording.summary_images.values():
        assert image.shape == recording.field_shape_px
        assert image.dtype == np.float32
        assert np.isfinite(image).all()


def test_the_same_recording_gives_the_same_bytes(tmp_path):
    recording = read_recording(npz(tmp_path / "a.npz", masks=np.ones((1, 50, 50))))
    write_arrays(recording, tmp_path / "b.npz")
    write_arrays(recording, tmp_path / "c.npz")
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "c.npz").read_bytes()


def test_iscell_counts_neurons_and_leaves_doubt_in_the_odds(tmp_path):
    write_iscell(np.array([1, 2, 3, 4, 0]), tmp_path / "iscell.npy")
    table = np.load(tmp_path / "iscell.npy")
    assert table.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0.5], [0, 0.5]]


def test_a_csv_is_quoted_and_runs_no_formula():
    rows: list[dict[str, object]] = [
        {"component": 7, "labeler": '=cmd|"x"', "label": 1},
        {"component": 8, "label": 2},
    ]
    text = labels_csv(rows, ["component", "label", "labeler"])
    read = list(csv.DictReader(io.StringIO(text)))
    assert read[0] == {"component": "7", "label": "1", "labeler": '\'=cmd|"x"'}
    assert read[1]["labeler"] == ""
