"""Inscopix cell sets."""

import json
import struct

import numpy as np
import pytest

from app.domain.errors import FileTooLarge, UnreadableFile
from app.formats.reading import read_recording
from tests.formats.shared_data import shared

REAL = "inscopix/cellset_accepted_undecided_and_rejected_cells.isxd"


def with_footer(path, change):
    """The real file with a changed description at its end."""
    data = shared(REAL).read_bytes()
    (length,) = struct.unpack("<Q", data[-8:])
    footer = json.loads(data[-9 - length : -9])
    change(footer)
    text = json.dumps(footer).encode()
    path.write_bytes(data[: -9 - length] + text + b"\0" + struct.pack("<Q", len(text)))
    return path


def test_the_real_file_is_read_whole():
    recording = read_recording(shared(REAL))
    assert recording.masks.shape == (20, 50, 50)
    assert recording.traces is not None
    assert recording.traces.shape == (20, 2047)
    assert recording.frame_rate_hz == 10.0
    assert recording.field_shape_px == (52, 50)
    (labels,) = recording.imported_labels
    assert np.bincount(labels.labels).tolist() == [0, 9, 0, 5, 6]


def test_masks_are_centred_on_the_bright_spot_and_not_on_the_faint_floor():
    recording = read_recording(shared(REAL))
    for mask in recording.masks:
        y, x = np.unravel_index(mask.argmax(), mask.shape)
        assert abs(y - 25) <= 6
        assert abs(x - 25) <= 6


@pytest.mark.parametrize("part", [0.0, 0.5, 0.97, 0.9999])
def test_a_cut_file_is_refused_cleanly(tmp_path, part):
    data = shared(REAL).read_bytes()
    (tmp_path / "cut.isxd").write_bytes(data[: int(part * len(data))])
    for given in (None, "inscopix"):
        with pytest.raises(UnreadableFile, match=r"cut\.isxd"):
            read_recording(tmp_path / "cut.isxd", format=given)


def test_a_description_that_promises_more_than_the_file_holds_never_reaches_native_code(tmp_path):
    def promise(footer):
        footer["timingInfo"]["numTimes"] = 3000

    with pytest.raises(UnreadableFile, match="promises more"):
        read_recording(with_footer(tmp_path / "a.isxd", promise))


def test_absurd_sizes_are_refused(tmp_path):
    def absurd(footer):
        footer["timingInfo"]["numTimes"] = 10**15

    with pytest.raises(FileTooLarge):
        read_recording(with_footer(tmp_path / "a.isxd", absurd))


def test_another_kind_of_inscopix_file_is_refused(tmp_path):
    def movie(footer):
        footer["type"] = 0

    with pytest.raises(UnreadableFile, match="no cell set"):
        read_recording(with_footer(tmp_path / "a.isxd", movie))
