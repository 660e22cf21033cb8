"""Selections: components that somebody chose together, to open as a montage or a round."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import NotFound
from app.storage import components, selections

MOST_COMPONENTS = 10_000
KEPT_FOR = timedelta(days=7)
KEPT_EACH = 100
"""Selections of one person; the oldest goes for the next."""


@dataclass(frozen=True)
class SelectionView:
    """A selection. components: keys in the chosen order."""

    id: int
    name: str | None
    components: tuple[int, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime


def make(
    context: Context, by: Account, component_ids: Sequence[int], name: str | None = None
) -> SelectionView:
    """Keep these components together for a week. One named twice is kept once.

    Raises NotFound for a component that is not there.
    """
    wanted = list(dict.fromkeys(component_ids))
    now = context.now()
    with context.database.write() as session:
        there = set(components.existing(session, wanted))
        for key in wanted:
            if key not in there:
                raise NotFound("component", key)
        selections.remove(session, selections.surplus(session, by.id, KEPT_EACH - 1, now))
        values = {
            "name": name,
            "labeler_id": by.id,
            "created_at": now,
            "expires_at": now + KEPT_FOR,
        }
        selection_id = selections.add(session, values, wanted)
    return get(context, selection_id)


def get(context: Context, selection_id: int) -> SelectionView:
    """A selection. Raises NotFound, for one that has expired too."""
    with context.database.read() as session:
        found = selections.one(session, selection_id, context.now())
        if found is None:
            raise NotFound("selection", selection_id)
        keys = selections.components(session, selection_id)
    return SelectionView(
        found.id, found.name, tuple(keys), found.created_by, found.created_at, found.expires_at
    )
