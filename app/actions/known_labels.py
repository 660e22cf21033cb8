"""Every component's label, kept in memory and brought up to date by the events since."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.actions.context import Context
from app.storage import events, states

BYTES_EACH = 100


def current_labels(context: Context) -> Mapping[int, int]:
    """Code by component, of those that have a label; not to be changed."""
    return labels_and_event(context)[0]


def labels_and_event(context: Context) -> tuple[Mapping[int, int], int]:
    """The same, and the newest event that they follow from."""
    kept: tuple[int, dict[int, int]] = context.kept.get("labels") or (0, {})
    before, known = kept
    with context.database.read() as session:
        newest = events.last_id(session)
        if newest == before:
            return known, newest
        changed = states.labels_since(session, before)
    # A copy: another thread may be reading what was kept.
    known = dict(known)
    for row in changed:
        if row.label is None:
            known.pop(row.component_id, None)
        else:
            known[row.component_id] = row.label
    context.kept.put("labels", (newest, known), BYTES_EACH * len(known))
    return known, newest


def labels_of(keys: NDArray[np.integer], known: Mapping[int, int]) -> NDArray[np.uint8]:
    """The codes of these components, 0 for none. keys: (components,) in order."""
    named = np.fromiter(known, np.int64, len(known))
    rows = np.searchsorted(keys, named)
    there = rows < len(keys)
    there[there] = keys[rows[there]] == named[there]
    labels = np.zeros(len(keys), np.uint8)
    labels[rows[there]] = np.fromiter(known.values(), np.uint8, len(known))[there]
    return labels
