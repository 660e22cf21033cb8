"""When to ask the database whether something is due that follows so many events."""

import threading
from datetime import UTC, datetime, timedelta

ASKED_AT_MOST_EVERY = timedelta(seconds=0.5)


class Countdown:
    """Spares the database a question that every label would ask.

    The ids of events grow, so what is due after ten more of them cannot be due before an id that
    is known. A process that has just started knows nothing and asks at its first label.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._from_event_id = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def over(self, event_id: int, now: datetime) -> bool:
        """Whether to ask now; of several callers at once, one is told so.

        event_id: the newest event that the caller knows of.
        """
        with self._lock:
            if event_id < self._from_event_id or now < self._not_before:
                return False
            self._not_before = now + ASKED_AT_MOST_EVERY
            return True

    def restart(self, from_event_id: int) -> None:
        """Nothing is due before this event."""
        with self._lock:
            self._from_event_id = from_event_id
