"""Column types that behave alike on SQLite and PostgreSQL."""

import zlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no zone, so both engines store naive UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: naive UTC. A naive time from a caller is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware: use datetime.now(UTC)")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database: aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class FloatArray(TypeDecorator[NDArray[np.float32]]):
    """A float32 array of any shape as compressed bytes: rank, shape, then zlib of the values.

    Masks are mostly zeros, so even the fastest compression makes them about ten times smaller.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """To the database; bytes are taken as packed beforehand, outside the transaction."""
        return value if value is None or isinstance(value, bytes) else pack_array(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> NDArray[np.float32] | None:
        """From the database; the array may be read, not written."""
        return None if value is None else unpack_array(value)


def pack_array(array: NDArray[np.float32]) -> bytes:
    """The bytes that `unpack_array` turns back into the same float32 array."""
    shape = np.array([array.ndim, *array.shape], dtype="<u4").tobytes()
    values = np.ascontiguousarray(array, dtype="<f4").tobytes()
    return shape + zlib.compress(values, 1)


def unpack_array(packed: bytes) -> NDArray[np.float32]:
    """The array that `pack_array` made these bytes from."""
    rank = int.from_bytes(packed[:4], "little")
    head = 4 * (rank + 1)
    shape = np.frombuffer(packed[4:head], dtype="<u4")
    values = np.frombuffer(zlib.decompress(packed[head:]), dtype="<f4")
    return values.reshape(tuple(int(side) for side in shape))
