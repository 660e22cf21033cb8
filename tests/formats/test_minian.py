"""Minian's folders of zarr arrays."""

import json
import shutil

import numpy as np
import pytest
import zarr

from app.domain.errors import FileTooLarge, UnreadableFile
from app.formats.reading import read_recording
from tests.formats.builders import zipped
from tests.formats.shared_data import shared


@pytest.fixture
def folder(tmp_path):
    """A copy of the real folder, to be damaged."""
    return shutil.copytree(shared("minian"), tmp_path / "minian")


def test_the_real_folder_is_read_whole():
    recording = read_recording(shared("minian"))
    assert recording.masks.shape == (10, 50, 50)
    assert recording.traces is not None
    stored = zarr.open_array(shared("minian") / "C.zarr" / "C", mode="r")
    assert recording.traces.shape == stored.shape
    assert recording.field_shape_px == (200, 200)
    assert set(recording.summary_images) == {"max"}
    units = zarr.open_array(shared("minian") / "A.zarr" / "unit_id", mode="r")[...]
    assert np.isin(recording.source_indices, np.asarray(units)).all()


def test_a_zip_of_it_is_the_same(tmp_path):
    recording = read_recording(zipped(tmp_path / "m.zip", shared("minian")))
    assert recording.content_hash() == read_recording(shared("minian")).content_hash()


def test_traces_follow_unit_id_and_not_the_order(folder):
    units = zarr.open_array(folder / "C.zarr" / "unit_id", mode="r+")
    upright = read_recording(folder)
    units[...] = np.asarray(units[...])[::-1].copy()
    turned = read_recording(folder)
    assert upright.traces is not None
    assert turned.traces is not None
    np.testing.assert_array_equal(turned.traces, upright.traces[::-1])


def test_the_rate_comes_from_the_timestamps(folder):
    lines = ["Frame Number,Time Stamp (ms),Buffer Index", *(f"{n},{n * 50},0" for n in range(20))]
    (folder / "timeStamps.csv").write_text("\n".join(lines))
    assert read_recording(folder).frame_rate_hz == pytest.approx(20)


def test_without_traces_the_masks_are_still_read(folder):
    shutil.rmtree(folder / "C.zarr")
    recording = read_recording(folder)
    assert recording.traces is None
    assert len(recording) == 10


def change_meta(folder, **changes):
    file = folder / "A.zarr" / "A" / ".zarray"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_absurd_shapes_are_refused_before_allocation(folder):
    change_meta(folder, shape=[10**6, 10**5, 10**5])
    with pytest.raises(FileTooLarge, match=r"A\.zarr"):
        read_recording(folder)


def test_absurd_chunks_are_refused_before_allocation(folder):
    change_meta(folder, chunks=[10**6, 10**5, 10**5])
    with pytest.raises(FileTooLarge, match=r"A\.zarr"):
        read_recording(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"zarr_format": 2}'])
def test_damaged_descriptions_are_refused_cleanly(folder, text):
    (folder / "A.zarr" / "A" / ".zarray").write_text(text)
    with pytest.raises(UnreadableFile, match="minian"):
        read_recording(folder)


def test_a_cut_chunk_is_refused_cleanly(folder):
    chunk = folder / "A.zarr" / "A" / "3.0.0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    with pytest.raises(UnreadableFile, match="damaged"):
        read_recording(folder)
