"""Files and folders to recordings: which format it is, and what a folder or archive holds."""

import math
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from natsort import natsorted

from app.domain.errors import InvalidInput, UnreadableFile
from app.domain.recordings import Recording
from app.formats.archive import unpacked
from app.formats.arrays import ArraysReader
from app.formats.caiman import CaimanReader
from app.formats.inscopix import InscopixReader
from app.formats.limits import ReadLimits
from app.formats.matlab import MatlabReader
from app.formats.minian import MinianReader
from app.formats.nwb import NwbReader
from app.formats.problems import BadContent, check_size, user_errors
from app.formats.source import Reader, ReadOptions
from app.formats.suite2p import Suite2pReader

READERS: Sequence[Reader] = (
    Suite2pReader(),
    ArraysReader(),
    MinianReader(),
    CaimanReader(),
    NwbReader(),
    MatlabReader(),
    InscopixReader(),
)
ZIP = "zip"
FORMATS: dict[str, Reader | None] = {**{reader.name: reader for reader in READERS}, ZIP: None}
"""Format name to its reader; a zip has none of its own, for it holds one of the others."""

MAX_DEPTH = 8
FILE_ENDINGS = (".npz", ".hdf5", ".h5", ".nwb", ".isxd", ".mat", ".zip")
RADIUS_LIMITS_PX = (0.5, 500.0)
KNOWN = (
    "Somata reads Suite2p folders, CaImAn .hdf5, NWB, .npz and folders with masks.npy, Inscopix "
    ".isxd, Minian folders, CNMF-E and EXTRACT .mat, and a .zip of these."
)


def read_recordings(
    path: Path,
    *,
    format: str | None = None,
    name: str | None = None,
    neuron_radius_px: float | None = None,
    limits: ReadLimits | None = None,
) -> list[Recording]:
    """Every recording in a file, a folder or a zip of one.

    format: a key of FORMATS, or None to find out from the content.
    name: the name to store; with several recordings each gets its plane's name added.
    neuron_radius_px: a neuron's radius in source pixels, to rescale the masks by.
    Raises UnreadableFile, FileTooLarge or InvalidInput; messages name the file, never its folder.
    """
    limits = limits or ReadLimits()
    _check_options(format, neuron_radius_px)
    if not path.exists():
        raise UnreadableFile(path.name, "there is no such file or folder.")
    options = ReadOptions(name or default_name(path), neuron_radius_px, limits)
    with user_errors(path):
        check_size(_size_bytes(path), limits.max_bytes, path.name)
        reader = None if format in (None, ZIP) else FORMATS[str(format)]
        if reader is not None and not _is_plain_zip(path):
            return list(reader.read(path, options))
        return _read_unknown(path, options, reader)


def read_recording(
    path: Path,
    *,
    format: str | None = None,
    name: str | None = None,
    neuron_radius_px: float | None = None,
    limits: ReadLimits | None = None,
) -> Recording:
    """The one recording of a file or folder; see `read_recordings`.

    Raises UnreadableFile where there are several.
    """
    recordings = read_recordings(
        path, format=format, name=name, neuron_radius_px=neuron_radius_px, limits=limits
    )
    if len(recordings) > 1:
        raise UnreadableFile(
            path.name,
            f"holds {len(recordings)} recordings "
            f"({', '.join(recording.name for recording in recordings[:5])}) where one was asked "
            "for. Import them one by one.",
        )
    return recordings[0]


def find_recordings(path: Path) -> list[Path]:
    """The files and folders below `path` that are recordings, in natural order.

    A recording itself gives [path]; a Suite2p root its planes; a folder of files those with a
    known content. Suite2p's `combined` repeats its planes, so it counts only alone.
    Raises UnreadableFile where nothing is found.
    """
    if not path.exists():
        raise UnreadableFile(path.name, "there is no such file or folder.")
    if path.is_file():
        return [path]
    with user_errors(path):
        found = _search(path, 0)
    if not found:
        raise UnreadableFile(path.name, f"holds no recording. {KNOWN}")
    return found


def default_name(path: Path) -> str:
    """A recording's name from its path; a plane folder is named with what contains it.

    ``mouse1/suite2p/plane0`` is ``mouse1 plane0``.
    """
    path = path.absolute()
    if path.is_file():
        return path.stem
    if path.name.startswith("plane") or path.name == "combined":
        parents = [part for part in path.parts[1:-1] if part != "suite2p"]
        return f"{parents[-1]} {path.name}" if parents else path.name
    return path.name or "recording"


def _check_options(format_name: str | None, neuron_radius_px: float | None) -> None:
    if format_name is not None and format_name not in FORMATS:
        raise InvalidInput(f"There is no format '{format_name}'. Choose from {', '.join(FORMATS)}.")
    low, high = RADIUS_LIMITS_PX
    if neuron_radius_px is not None and not (
        math.isfinite(neuron_radius_px) and low <= neuron_radius_px <= high
    ):
        raise InvalidInput(
            f"neuron_radius_px is {neuron_radius_px}; give {low:g} to {high:g} source pixels."
        )


def _size_bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        file.stat().st_size
        for file in path.glob("*")
        if file.is_file() and file.suffix in (".npy", ".csv")
    )


def _is_plain_zip(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path) and not ArraysReader().recognises(path)


def _reader_for(path: Path) -> Reader | None:
    return next((reader for reader in READERS if reader.recognises(path)), None)


def _read_unknown(path: Path, options: ReadOptions, asked: Reader | None) -> list[Recording]:
    reader = _reader_for(path)
    if reader is not None:
        return list(reader.read(path, options))
    if path.is_dir():
        return _read_all(path, options, asked)
    if zipfile.is_zipfile(path):
        with unpacked(path, options.limits) as folder:
            return _read_all(folder, options, asked)
    raise BadContent(f"is of no known format ({_first_bytes(path)}). {KNOWN}")


def _read_all(root: Path, options: ReadOptions, asked: Reader | None) -> list[Recording]:
    """Every recording below a folder; each names its place in it when it fails."""
    found = _search(root, 0)
    if not found:
        raise BadContent(f"holds no recording. {KNOWN}")
    recordings: list[Recording] = []
    for place in found:
        inner = place.relative_to(root)
        reader = asked or _reader_for(place)
        if reader is None:
            raise BadContent(f"{inner} is of no known format. {KNOWN}")
        own = options
        if len(found) > 1:
            own = replace(options, name=f"{options.name} {inner.name}")
        try:
            recordings += reader.read(place, own)
        except BadContent as cause:
            where = "" if len(found) == 1 else f"{inner}: "
            raise BadContent(f"{where}{cause}") from cause
    return recordings


def _search(folder: Path, depth: int) -> list[Path]:
    if _reader_for(folder) is not None:
        return [folder]
    if depth > MAX_DEPTH:
        return []
    found: list[Path] = []
    for entry in natsorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith((".", "__MACOSX")) or entry.is_symlink():
            continue
        if entry.is_dir():
            found += _search(entry, depth + 1)
        elif entry.suffix.lower() in FILE_ENDINGS:
            found.append(entry)
    planes = [place for place in found if place.name != "combined"]
    return planes or found


def _first_bytes(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(8)
    return f"it begins with {head!r}" if head else "it is empty"
