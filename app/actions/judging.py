"""What a run thinks of each component: stored by the worker, then shown to queue and lists."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.actions import training
from app.actions.context import Context
from app.storage import runs, states
from app.storage.rows import AnyRow

STORED_AT_ONCE = 1_000
"""Predictions a transaction: short enough that no label waits for it noticeably."""


def unpredicted(context: Context, run_id: int) -> Iterator[list[int]]:
    """Batches of components that the run has no opinion of yet, in order of key."""
    after_id = 0
    while True:
        with context.database.read() as session:
            batch = runs.unpredicted(session, run_id, after_id, STORED_AT_ONCE)
        if not batch:
            return
        after_id = batch[-1]
        yield batch


def store_predictions(context: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Store a run's predictions, a short transaction at a time."""
    for start in range(0, len(rows), STORED_AT_ONCE):
        with context.database.write() as session:
            runs.add_predictions(session, rows[start : start + STORED_AT_ONCE])


def probabilities_of(
    context: Context, run_id: int, component_ids: Sequence[int]
) -> dict[int, tuple[float, float, float, float]]:
    """A run's probabilities of classes 1 to 4, of those of the components that it has judged.

    In the order of their keys on every database: what is drawn from them is the same each time.
    """
    found: dict[int, AnyRow] = {}
    with context.database.read() as session:
        for start in range(0, len(component_ids), STORED_AT_ONCE):
            some = component_ids[start : start + STORED_AT_ONCE]
            found |= runs.predictions_of(session, run_id, some)
    return {key: (row.p1, row.p2, row.p3, row.p4) for key, row in sorted(found.items())}


def store_diverse(context: Context, run_id: int, worth: Mapping[int, float]) -> None:
    """Let these be the components that the run would have asked together, and no others."""
    with context.database.write() as session:
        runs.set_diverse(session, run_id, worth)


def show_predictions(
    context: Context, run_id: int, on_batch: Callable[[], object] = lambda: None
) -> bool:
    """Let the queue and the lists follow this run, a short transaction at a time.

    Returns False, and leaves the rest to whoever follows that one, where another run serves.
    """
    snapshot_event_id = training.get_run(context, run_id).snapshot_event_id or 0
    after_id = 0
    while True:
        with context.database.write() as session:
            rows = runs.predictions(session, run_id, None, after_id, STORED_AT_ONCE)
            if not rows:
                return True
            after_id = rows[-1].component_id
            # Asked with the states held: who is promoted from here on writes them after us.
            states.hold(session, [row.component_id for row in rows])
            serving = runs.serving(session)
            if serving is None or serving.id != run_id:
                return False
            states.show_predictions(session, run_id, snapshot_event_id, rows)
        on_batch()
