"""Taking labels and predictions out, a page of the database at a time, so memory stays flat."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.actions import promoting, training
from app.actions.context import Context
from app.actions.views import PredictionView, prediction_view
from app.domain.accounts import Account
from app.domain.errors import NoModel, NotFound
from app.domain.labels import Label
from app.storage import components, events, recordings, runs
from app.storage.rows import AnyRow

PAGE = 2_000


def current_labels(context: Context, viewer: Account) -> Iterator[dict[str, Any]]:
    """Every labeled component with its consensus; a labeler gets what they have answered."""

    def read(session: Session, after_id: int) -> Sequence[AnyRow]:
        return components.labels_page(session, after_id, PAGE)

    for page in _pages(context, read, lambda row: int(row.component_id)):
        seen = _seen(context, viewer, [row.component_id for row in page])
        for row in page:
            if row.component_id in seen:
                yield {
                    "component": row.component_id,
                    "recording": row.recording_id,
                    "recording_name": row.recording_name,
                    "source_index": row.source_index,
                    "label": row.label,
                    "class": Label(row.label).title,
                    "people": row.people,
                    "disagreement": bool(row.disagreement),
                }


def label_history(context: Context, viewer: Account) -> Iterator[dict[str, Any]]:
    """The whole event log in order; a labeler gets their own events."""

    def read(session: Session, after_id: int) -> Sequence[AnyRow]:
        return events.full_log(session, after_id, PAGE)

    for page in _pages(context, read, lambda row: int(row.id)):
        for row in page:
            if viewer.is_admin or row.labeler == viewer.name:
                yield {
                    "event": row.id,
                    "id": str(row.uuid),
                    "component": row.component_id,
                    "labeler": row.labeler,
                    "person": bool(row.person),
                    "kind": row.kind,
                    "label": row.label,
                    "undoes": None if row.undoes is None else str(row.undoes),
                    "round": row.round_id,
                    "seconds": row.seconds,
                    "montage": row.montage,
                    "settled_with": row.settled_with,
                    "late": bool(row.late),
                    "created_at": row.created_at.isoformat(),
                }


def predictions(
    context: Context, viewer: Account, recording_id: int | None, run_id: int | None
) -> Iterator[PredictionView]:
    """A run's predictions (those in use by default), in the order of components.

    A labeler gets those of components that they have answered. Raises NotFound or NoModel at
    once, not when the first one is asked for.
    """
    chosen = run_id if run_id is not None else promoting.serving_run(context)
    if chosen is None:
        raise NoModel("There is no trained model yet. Train one, then fetch its predictions.")
    training.get_run(context, chosen)
    with context.database.read() as session:
        if recording_id is not None and recordings.by_id(session, recording_id) is None:
            raise NotFound("recording", recording_id)

    def read(session: Session, after_id: int) -> Sequence[AnyRow]:
        return runs.predictions(session, chosen, recording_id, after_id, PAGE)

    def all_pages() -> Iterator[PredictionView]:
        for page in _pages(context, read, lambda row: int(row.component_id)):
            seen = _seen(context, viewer, [row.component_id for row in page])
            yield from (prediction_view(row) for row in page if row.component_id in seen)

    return all_pages()


def _pages(
    context: Context,
    read: Callable[[Session, int], Sequence[AnyRow]],
    key: Callable[[AnyRow], int],
) -> Iterator[Sequence[AnyRow]]:
    after_id = 0
    while True:
        # A transaction a page: a slow reader at the other end must not pin the write-ahead log.
        with context.database.read() as session:
            page = read(session, after_id)
        if not page:
            return
        after_id = key(page[-1])
        yield page


def _seen(context: Context, viewer: Account, component_ids: list[int]) -> set[int]:
    if viewer.is_admin:
        return set(component_ids)
    with context.database.read() as session:
        return events.answered_among(session, viewer.id, component_ids)
