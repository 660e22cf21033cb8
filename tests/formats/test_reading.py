"""Which format a file is, what a folder holds, and what is said when it fails."""

import shutil

import numpy as np
import pytest

from app.domain.errors import FileTooLarge, InvalidInput, UnreadableFile
from app.formats.limits import ReadLimits
from app.formats.reading import (
    FORMATS,
    default_name,
    find_recordings,
    read_recording,
    read_recordings,
)
from tests.formats.builders import caiman, discs, npz, nwb, suite2p
from tests.formats.shared_data import shared


def test_the_content_decides_and_not_the_ending(tmp_path):
    made = {
        "arrays": npz(tmp_path / "a.npz", masks=discs()),
        "caiman": caiman(tmp_path / "c.hdf5"),
        "nwb": nwb(tmp_path / "n.nwb"),
    }
    isxd = shared("inscopix/cellset_accepted_undecided_and_rejected_cells.isxd")
    made["inscopix"] = tmp_path / "i.isxd"
    shutil.copy(isxd, made["inscopix"])
    for kind, path in made.items():
        disguised = path.rename(path.with_name(f"{kind}.bin"))
        assert read_recording(disguised).source_format == kind


def test_every_reader_is_in_the_table_of_formats():
    assert set(FORMATS) == {
        "suite2p", "arrays", "minian", "caiman", "nwb", "matlab", "inscopix", "zip",
    }  # fmt: skip


def test_a_format_that_is_given_but_wrong_fails_with_the_reason(tmp_path):
    path = npz(tmp_path / "a.npz", masks=discs())
    for name in set(FORMATS) - {"arrays", "zip"}:
        with pytest.raises(UnreadableFile, match=r"a\.npz"):
            read_recording(path, format=name)


def test_an_unknown_format_lists_those_there_are(tmp_path):
    with pytest.raises(InvalidInput, match="suite2p, arrays"):
        read_recording(npz(tmp_path / "a.npz", masks=discs()), format="sima")


@pytest.mark.parametrize("radius", [0.0, -3.0, float("nan"), float("inf"), 1e9])
def test_an_impossible_radius_is_refused(tmp_path, radius):
    with pytest.raises(InvalidInput, match="neuron_radius_px"):
        read_recording(npz(tmp_path / "a.npz", masks=discs()), neuron_radius_px=radius)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\0" * 999])
def test_a_file_of_no_format_is_named_and_told_apart(tmp_path, content):
    path = tmp_path / "what.npz"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"what\.npz: ") as caught:
        read_recording(path)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    path = npz(tmp_path / "a.npz", masks=discs())
    with pytest.raises(FileTooLarge):
        read_recording(path, limits=ReadLimits(max_bytes=100))


def test_a_missing_file_is_an_error(tmp_path):
    for call in (read_recordings, find_recordings):
        with pytest.raises(UnreadableFile, match="no such file"):
            call(tmp_path / "gone.npz")


def test_a_suite2p_root_holds_its_planes_in_natural_order(tmp_path):
    for plane in ("plane10", "plane2", "combined"):
        suite2p(tmp_path / "suite2p" / plane)
    found = find_recordings(tmp_path)
    assert [path.name for path in found] == ["plane2", "plane10"]
    assert find_recordings(found[0]) == [found[0]]


def test_a_folder_of_files_holds_each(tmp_path):
    npz(tmp_path / "b.npz", masks=discs())
    nwb(tmp_path / "a.nwb")
    caiman(tmp_path / "deep.hdf5")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.npz").write_text("x")
    found = find_recordings(tmp_path)
    assert [path.name for path in found] == ["a.nwb", "b.npz", "deep.hdf5"]


def test_the_shared_folder_holds_every_real_recording():
    root = shared("arrays").parent
    found = {str(path.relative_to(root)) for path in find_recordings(root)}
    assert {"minian", "suite2p/inscopix/plane0", "nwb/test_nwb.nwb"} <= found
    assert len(found) == 9


def test_links_are_not_followed_out_of_a_folder(tmp_path):
    suite2p(tmp_path / "outside" / "plane0")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(UnreadableFile, match="holds no recording"):
        find_recordings(tmp_path / "inside")


def test_names_come_from_paths(tmp_path):
    folder = suite2p(tmp_path / "mouse7" / "suite2p" / "plane0")
    assert default_name(folder) == "mouse7 plane0"
    assert read_recording(folder).name == "mouse7 plane0"
    assert read_recording(folder, name="mine").name == "mine"


def test_summary_images_of_no_numbers_are_left_out_with_a_note(tmp_path):
    image = np.full((60, 80), np.nan)
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), summary_image=image))
    assert set(recording.summary_images) == {"footprints"}
    assert "no finite pixel" in " ".join(recording.notes)
