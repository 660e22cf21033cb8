"""The one place where damage in a file becomes a sentence for the person who imports it."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError

from app.domain.errors import FileTooLarge, SomataError, UnreadableFile
from app.formats.limits import MB


class BadContent(ValueError):
    """What a reader says about a file it cannot use: what was wrong, where, what to do.

    Readers do not know the name that the user gave the file; `user_errors` adds it.
    """


DAMAGE = (
    OSError,
    EOFError,
    LookupError,
    AttributeError,
    ValueError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    UnpicklingError,
)
"""What numpy, h5py, zipfile, scipy and zarr raise on damaged bytes. A damaged file may make any
of them do so at any call, so they are converted here and nowhere else, keeping the cause."""


@contextmanager
def user_errors(path: Path) -> Iterator[None]:
    """Turn every failure to read `path` into UnreadableFile with the user's file name.

    The folder the file lies in is a server's path for an upload: it never shows.
    """
    try:
        yield
    except SomataError:
        raise
    except BadContent as cause:
        raise UnreadableFile(path.name, str(cause)) from cause
    except DAMAGE as cause:
        reason = (
            f"is damaged or cut short ({_plain(cause, path)}). "
            "Save or copy it again, and compare its size with the original's."
        )
        raise UnreadableFile(path.name, reason) from cause


def _plain(cause: BaseException, path: Path) -> str:
    if isinstance(cause, OSError) and cause.strerror:
        text = cause.strerror
    else:
        text = str(cause).strip("'\"")
    lines = text.splitlines() or [""]
    shown = lines[0].replace(str(path), path.name).replace(str(path.parent), "").strip()
    return f"{type(cause).__name__}: {shown[:200]}" if shown else type(cause).__name__


def check_size(size_bytes: int, limit_bytes: int, what: str) -> None:
    """Raise FileTooLarge where `what` passes a limit."""
    if size_bytes > limit_bytes:
        raise FileTooLarge(what, max(1, limit_bytes // MB))
