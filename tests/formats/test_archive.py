"""Zips: unpacked safely or not at all."""

import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import FileTooLarge, UnreadableFile
from app.formats.archive import _unpack
from app.formats.limits import MB, ReadLimits
from app.formats.reading import read_recording, read_recordings
from tests.formats.builders import booming, discs, npz, save_pickle, some_traces, suite2p, zipped
from tests.formats.shared_data import shared


@pytest.fixture(autouse=True)
def temporary_files(tmp_path, monkeypatch):
    """Where archives are unpacked; empty again after every test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_a_zipped_suite2p_folder_is_the_folder(tmp_path):
    folder = shared("suite2p/inscopix/plane0")
    archive = zipped(tmp_path / "mouse.zip", folder)
    recording = read_recording(archive)
    assert recording.content_hash() == read_recording(folder).content_hash()
    assert recording.name == "mouse"
    assert recording.source_format == "suite2p"


def test_several_planes_are_several_recordings(tmp_path):
    for plane in ("plane0", "plane10", "plane2", "combined"):
        suite2p(tmp_path / "suite2p" / plane)
    recordings = read_recordings(zipped(tmp_path / "m.zip", tmp_path / "suite2p"))
    assert [recording.name for recording in recordings] == ["m plane0", "m plane2", "m plane10"]
    with pytest.raises(UnreadableFile, match="holds 3 recordings"):
        read_recording(tmp_path / "m.zip")


def test_a_zipped_folder_of_arrays_is_read(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    np.save(folder / "masks.npy", discs())
    np.save(folder / "traces.npy", some_traces())
    recording = read_recording(zipped(tmp_path / "c.zip", folder))
    assert recording.source_format == "arrays"
    assert recording.traces is not None


def test_a_zip_of_files_is_read(tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    npz(folder / "a.npz", masks=discs())
    npz(folder / "b.npz", masks=discs())
    assert len(read_recordings(zipped(tmp_path / "z.zip", folder))) == 2


UNSAFE = ["../stat.npy", "/etc/stat.npy", "C:\\stat.npy", "C:stat.npy", "a/../../stat.npy",
          "..\\..\\stat.npy", "\\\\server\\stat.npy", "plane0/stat.npy\0.txt"]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_a_member_that_points_outside_is_refused_before_anything_is_written(tmp_path, name):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.txt", "x")
        info = zipfile.ZipInfo("placeholder")
        info.filename = info.orig_filename = name
        archive.writestr(info, b"evil")
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(UnreadableFile, match=r"evil\.zip: .*(unsafe name|damaged)"):
        read_recording(path)
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("plane0/stat.npy")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UnreadableFile, match="link"):
        read_recording(path)


def test_an_archive_in_an_archive_is_refused(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    zipped(folder / "inner.zip", suite2p(tmp_path / "plane0"))
    with pytest.raises(UnreadableFile, match="another archive"):
        read_recording(zipped(tmp_path / "outer.zip", folder))


def test_an_encrypted_member_is_refused(tmp_path):
    path = zipped(tmp_path / "p.zip", suite2p(tmp_path / "plane0"))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableFile, match="encrypted"):
        read_recording(path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plane0/stat.npy", b"\0" * (40 * MB))
    with pytest.raises(UnreadableFile, match="1000 times"):
        read_recording(path)


def test_a_bomb_is_refused_by_its_declared_size(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(4):
            archive.writestr(f"plane{index}/stat.npy", b"\0" * (4 * MB))
    with pytest.raises(FileTooLarge, match="unpacks to is larger than 8 MB"):
        read_recording(path, limits=ReadLimits(max_unpacked_bytes=8 * MB))


def test_a_bomb_that_lies_about_its_size_stops_while_unpacking(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plane0/stat.npy", b"\0" * (12 * MB))
    size = struct.pack("<I", 12 * MB)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 100)))
    with pytest.raises((UnreadableFile, FileTooLarge)):
        read_recording(path, limits=ReadLimits(max_unpacked_bytes=8 * MB))


def test_unpacking_stops_at_what_is_left_even_if_the_directory_was_believed(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * (4 * MB))
    with zipfile.ZipFile(path) as archive, pytest.raises(FileTooLarge):
        _unpack(archive, archive.infolist()[0], tmp_path / "a.npy", 2 * MB, ReadLimits())
    assert (tmp_path / "a.npy").stat().st_size <= 2 * MB


def test_too_many_members_are_refused(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(50):
            archive.writestr(f"{index}.txt", b"")
    with pytest.raises(UnreadableFile, match="at most 20"):
        read_recording(path, limits=ReadLimits(max_members=20))


def test_a_hostile_pickle_in_a_zip_does_not_run(tmp_path):
    folder = suite2p(tmp_path / "plane0")
    target = tmp_path / "owned"
    save_pickle(folder / "ops.npy", booming(target))
    with pytest.raises(UnreadableFile, match="nothing in it was run"):
        read_recording(zipped(tmp_path / "p.zip", folder))
    assert not target.exists()


def test_every_cut_of_a_zip_is_refused_cleanly(tmp_path):
    data = zipped(tmp_path / "p.zip", suite2p(tmp_path / "plane0")).read_bytes()
    cut: Path = tmp_path / "cut.zip"
    for end in range(0, len(data), 211):
        cut.write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=r"cut\.zip"):
            read_recording(cut)


def test_a_zip_without_recordings_says_what_is_read(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    with pytest.raises(UnreadableFile, match="Somata reads"):
        read_recording(zipped(tmp_path / "f.zip", folder))
