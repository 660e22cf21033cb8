"""A bundle of views as a program reads it, by nothing but its description."""

import json
import struct
from typing import Any

import numpy as np


def unpacked(body: bytes) -> dict[str, Any]:
    """The header, with each array in its place."""
    (length,) = struct.unpack_from("<I", body)
    assert (4 + length) % 8 == 0
    arrays = memoryview(body)[4 + length :]

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() != {"dtype", "shape", "offset"}:
            return {key: read(one) for key, one in value.items()}
        dtype = np.dtype(value["dtype"]).newbyteorder("<")
        count = int(np.prod(value["shape"]))
        return np.frombuffer(arrays, dtype, count, value["offset"]).reshape(value["shape"])

    header: dict[str, Any] = read(json.loads(body[4 : 4 + length]))
    return header
