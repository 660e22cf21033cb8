"""When to ask the database whether something is due that follows so many events."""

import threading
from datetime import UTC, datetime

ANY_TIME = datetime.min.replace(tzinfo=UTC)


class Countdown:
    """Spares the database a question that every label would ask.

    The ids of events grow, so what is due after ten more of them cannot be due before an id that
    is known. A process that has just started knows nothing and asks at its first label.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = False
        self._from_event_id = 0
        self._not_before = ANY_TIME

    def over(self, event_id: int, now: datetime) -> bool:
        """Whether the caller is to ask now, and to `restart` with the answer. Of several callers
        at once one is.

        event_id: the newest event that the caller knows of.
        """
        with self._lock:
            if self._asking or event_id < self._from_event_id or now < self._not_before:
                return False
            self._asking = True
            return True

    def restart(self, from_event_id: int, not_before: datetime = ANY_TIME) -> None:
        """Nothing is due before this event, nor worth asking before this time."""
        with self._lock:
            self._asking = False
            self._from_event_id = from_event_id
            self._not_before = not_before
