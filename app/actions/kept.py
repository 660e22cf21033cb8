"""What was worked out of things that never change, kept in memory for the next time."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

LIMIT_BYTES = 96_000_000


class Kept:
    """Values by key; what was used longest ago goes first when they pass `limit_bytes`.

    Safe for threads. Two that miss the same value both work it out, which does no harm.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._limit = limit_bytes
        self._size = 0

    def get(self, key: Hashable) -> Any:
        """The value, or None."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, size_bytes: int) -> None:
        """Keep a value of about this size."""
        with self._lock:
            self._size += size_bytes - self._values.pop(key, (None, 0))[1]
            self._values[key] = (value, size_bytes)
            while self._size > self._limit:
                _, (_, freed) = self._values.popitem(last=False)
                self._size -= freed
