"""Plain .npy arrays, read with a bound on memory and never as a pickle.

`np.load` allocates what a header declares before it looks at how much there is; a header of a
hundred bytes can declare terabytes. Here the bytes come first and the array second.
"""

from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from app.formats.limits import ReadLimits
from app.formats.problems import BadContent, check_size

CHUNK_BYTES = 1 << 20
NUMBER_KINDS = "biuf"
MAX_ITEM_BYTES = 8
MAX_DIMENSIONS = 8
HEADER_DAMAGE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, TokenError)

Header = tuple[tuple[int, ...], bool, "np.dtype[Any]"]


def read_header(stream: IO[bytes], what: str) -> Header:
    """The shape, Fortran order and dtype that an .npy stream declares.

    Raises BadContent where it is no .npy stream.
    """
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            return npy_format.read_array_header_1_0(stream)
        if version in ((2, 0), (3, 0)):
            return npy_format.read_array_header_2_0(stream)
    except HEADER_DAMAGE as cause:
        raise BadContent(f"{what} is not a readable .npy array ({cause}).") from cause
    raise BadContent(f"{what} has an unknown .npy version {version}.")


def read_numbers(stream: IO[bytes], what: str, limits: ReadLimits) -> NDArray[Any]:
    """An array of booleans, integers or floats of at most 8 bytes each.

    what: the array's name in messages, e.g. ``masks.npy``.
    Raises BadContent for other types, truncated data and nonsense shapes; FileTooLarge past
    `limits.max_unpacked_bytes`.
    """
    shape, fortran_order, dtype = read_header(stream, what)
    if dtype.hasobject:
        raise BadContent(
            f"{what} holds Python objects (a pickle), which are never loaded. "
            "Save it as a plain numeric array."
        )
    if dtype.kind not in NUMBER_KINDS or dtype.itemsize > MAX_ITEM_BYTES:
        raise BadContent(f"{what} is of type {dtype}; save it as float32 or an integer type.")
    if len(shape) > MAX_DIMENSIONS or any(side < 0 for side in shape):
        raise BadContent(f"{what} declares the impossible shape {shape}.")
    count = 1
    for side in shape:
        count *= side
    size_bytes = count * dtype.itemsize
    check_size(size_bytes, limits.max_unpacked_bytes, what)
    data = read_exactly(stream, size_bytes, what)
    flat = np.frombuffer(data, dtype=dtype, count=count)
    return flat.reshape(shape, order="F" if fortran_order else "C")


def read_exactly(stream: IO[bytes], size_bytes: int, what: str) -> bytearray:
    """`size_bytes` bytes of a stream, growing with what is there and not with what is declared.

    Raises BadContent where the stream ends before.
    """
    data = bytearray()
    while len(data) < size_bytes:
        chunk = stream.read(min(CHUNK_BYTES, size_bytes - len(data)))
        if not chunk:
            raise BadContent(
                f"{what} is cut short: it has {len(data):,} of {size_bytes:,} bytes. "
                "Copy the file again."
            )
        data += chunk
    return data


def read_npy_file(path: Path, limits: ReadLimits) -> NDArray[Any]:
    """One .npy file of numbers."""
    with path.open("rb") as stream:
        return read_numbers(stream, path.name, limits)
