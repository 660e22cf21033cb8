"""Many arrays in one body: a JSON header that says where they lie, then their bytes."""

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 8
"""Every array begins at a multiple of this, so that a browser can look at it in place."""


class Packing:
    """Collects arrays and writes the body.

    The body is the header's length (4 bytes, little-endian), the header in UTF-8, filled up
    with spaces to the next multiple of 8, and the arrays. Where the header speaks of an array it
    has `{"dtype": "uint8" | "uint16" | "uint32" | "float32", "shape": [...], "offset": bytes}`;
    offsets are counted from the end of the header; values are little-endian, rows first.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: NDArray[np.generic]) -> dict[str, Any]:
        """Put an array into the body; returns what the header is to say of it."""
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        content = little.tobytes()
        described = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": self._size}
        filled = content + bytes(-len(content) % ALIGNMENT)
        self._parts.append(filled)
        self._size += len(filled)
        return described

    def body(self, header: dict[str, Any]) -> bytes:
        """The whole body under this header. Raises ValueError for a number that JSON lacks."""
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-(len(text) + 4) % ALIGNMENT)
        return b"".join([struct.pack("<I", len(text)), text, *self._parts])
