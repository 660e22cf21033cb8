"""Zip archives: unpacked into a temporary folder, never outside it, never past the limits."""

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from app.formats.limits import ReadLimits
from app.formats.problems import BadContent, check_size

MAX_RATIO = 1000
"""Deflate reaches about 1,030 to 1 on zeros; real arrays stay under 100."""
RATIO_FREE_BYTES = 16 << 20
"""A small file of zeros is no bomb, so the ratio counts only past this size."""
CHUNK_BYTES = 1 << 20
SKIPPED_PARTS = ("__MACOSX", ".DS_Store")
ARCHIVE_ENDINGS = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
SKIPPED_ENDINGS = (".bin", ".tif", ".tiff", ".avi", ".mp4")
"""Raw movies beside the results (Suite2p's data.bin) are not needed, so not unpacked."""


@contextmanager
def unpacked(path: Path, limits: ReadLimits) -> Iterator[Path]:
    """A temporary folder with the archive's files, removed afterwards.

    Everything is checked by the archive's directory before a byte is written, and counted again
    while unpacking, because a directory can lie.
    Raises BadContent for members that point outside, links, nested archives, passwords and
    suspicious compression; FileTooLarge past `limits.max_unpacked_bytes`.
    """
    with zipfile.ZipFile(path) as archive:
        members = _checked(archive, limits)
        with tempfile.TemporaryDirectory(prefix="somata-zip-") as folder:
            left = limits.max_unpacked_bytes
            for info, parts in members:
                left -= _unpack(archive, info, Path(folder, *parts), left, limits)
            yield Path(folder)


def _checked(
    archive: zipfile.ZipFile, limits: ReadLimits
) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    infos = archive.infolist()
    if len(infos) > limits.max_members:
        raise BadContent(f"holds {len(infos):,} files; at most {limits.max_members:,} are read.")
    members = []
    total = 0
    for info in infos:
        parts = _safe_parts(info)
        if info.is_dir() or any(part in SKIPPED_PARTS for part in parts):
            continue
        if parts[-1].lower().endswith(SKIPPED_ENDINGS):
            continue
        _check_member(info)
        total += info.file_size
        check_size(total, limits.max_unpacked_bytes, "what the archive unpacks to")
        members.append((info, parts))
    return members


def _safe_parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.orig_filename
    windows = PureWindowsPath(name)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if (
        not parts
        or "\0" in name
        or name.startswith(("/", "\\"))
        or windows.drive
        or ".." in parts
        or any(":" in part for part in parts)
    ):
        raise BadContent(
            f"holds a file with the unsafe name {name[:100]!r}. Zip the folder itself again."
        )
    return parts


def _check_member(info: zipfile.ZipInfo) -> None:
    shown = info.filename[:100]
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise BadContent(f"holds {shown!r}, which is a link or device. Zip real files only.")
    if info.flag_bits & 0x1:
        raise BadContent("is encrypted. Zip it without a password.")
    if info.compress_type not in METHODS:
        raise BadContent(f"holds {shown!r} in an unusual compression. Use plain zip (deflate).")
    if info.filename.lower().endswith(ARCHIVE_ENDINGS):
        raise BadContent(f"holds another archive, {shown!r}. Zip the folder's files directly.")
    packed = max(1, info.compress_size)
    if info.file_size > RATIO_FREE_BYTES and info.file_size / packed > MAX_RATIO:
        raise BadContent(f"holds {shown!r}, which unpacks to over {MAX_RATIO} times its size.")


def _unpack(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int, limits: ReadLimits
) -> int:
    """Write one member and return its size; stops as soon as it passes what is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    written = 0
    with archive.open(info) as packed, os.fdopen(os.open(target, flags, 0o600), "wb") as out:
        while chunk := packed.read(CHUNK_BYTES):
            written += len(chunk)
            if written > left:
                check_size(
                    limits.max_unpacked_bytes + 1,
                    limits.max_unpacked_bytes,
                    "what the archive unpacks to",
                )
            out.write(chunk)
    return written
