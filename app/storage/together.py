"""Work that waits for the same commit: whoever comes first does it for all who wait."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy.orm import Session

Given = TypeVar("Given")
Result = TypeVar("Result")


class Together:
    """A commit waits for the disk; twenty labelers would wait for each other's commits in turn.

    So the first of them leads: when the writer is free, it does the work of all who wait in one
    transaction, wakes them with their results, and hands the lead to one who came meanwhile.
    Only that one wakes up for the lead, and the others when their result is there.

    writer: held while a transaction writes. transaction: begins one, and commits at its end.
    """

    def __init__(
        self,
        writer: threading.Lock,
        transaction: Callable[[], AbstractContextManager[Session]],
    ) -> None:
        self._writer = writer
        self._transaction = transaction
        self._lock = threading.Lock()
        self._waiting: list[_Turn] = []
        self._led = False

    def do(self, work: Callable[[Session, Sequence[Given]], Sequence[Result]], given: Given) -> Any:
        """The result of `work` for `given`, which is on disk. Raises what `work` raised for it."""
        turn = _Turn(work, given)
        with self._lock:
            self._waiting.append(turn)
            leads, self._led = not self._led, True
        if not leads:
            turn.woken.acquire()
        if not turn.over:
            self._lead()
        if turn.error is not None:
            raise turn.error
        return turn.result

    def _lead(self) -> None:
        with self._writer:
            with self._lock:
                turns, self._waiting = self._waiting, []
            self._settle(turns)
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.woken.release()
        for turn in turns:
            turn.woken.release()

    def _settle(self, turns: list["_Turn"]) -> None:
        """Give each of these its result or its error; all of it is on disk, or nothing."""
        try:
            with self._transaction() as session:
                for work, same in groupby(turns, attrgetter("work")):
                    _do(work, list(same), session)
        except _WorkFailed as failed:
            if len(turns) == 1:
                turns[0].error = failed.error
            else:
                # Nothing is stored, and only the faulty one shall fail.
                for turn in turns:
                    self._settle([turn])
        except BaseException as error:  # noqa: BLE001 - raised again by each of them
            for turn in turns:
                turn.error = error
        for turn in turns:
            turn.over = True


class _Turn:
    """One caller's part, and what came of it. woken: taken until it is over or leads."""

    def __init__(self, work: Callable[[Session, Sequence[Any]], Sequence[Any]], given: Any) -> None:
        self.work = work
        self.given = given
        self.result: Any = None
        self.error: BaseException | None = None
        self.over = False
        self.woken = threading.Lock()
        self.woken.acquire()


class _WorkFailed(Exception):
    """The work itself failed, not the database's begin or commit."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _do(
    work: Callable[[Session, Sequence[Any]], Sequence[Any]], turns: list[_Turn], session: Session
) -> None:
    try:
        results = work(session, [turn.given for turn in turns])
    except Exception as error:
        raise _WorkFailed(error) from error
    for turn, result in zip(turns, results, strict=True):
        turn.result = result
