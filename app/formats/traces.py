"""Traces matched to components, with finite values."""

import numpy as np
from numpy.typing import NDArray

from app.formats.source import TraceTable

LARGEST = 1e15
"""Beyond this a value is damage, and sums of its squares would leave float32."""


def matched(
    table: TraceTable | None,
    n_source: int,
    kept: NDArray[np.int64],
    background: NDArray[np.int64],
    notes: list[str],
) -> NDArray[np.float32] | None:
    """(kept components, frames) float32, finite; None where the source's cannot be matched.

    n_source: components in the source, background included.
    kept: source positions of the components that are stored, in order.
    background: source positions of full-frame footprints. Sources often list these beside the
        cells without a trace: then the traces count the other components.
    """
    if table is None:
        return None
    values = np.asarray(table.values)
    if values.ndim == 1 and n_source == 1:
        values = values[None, :]
    if values.ndim != 2 or values.dtype.kind not in "biuf" or 0 in values.shape:
        notes.append(f"Traces were left out: an array of shape {values.shape} is no trace table.")
        return None
    cells = np.setdiff1d(np.arange(n_source), background)
    if table.components is not None:
        return _by_component(values, table, kept, notes)
    for members in (np.arange(n_source), cells):
        axis = _component_axis(values, table.axis, len(members))
        if axis is not None:
            if axis == 1 and table.axis is None:
                notes.append("The traces were stored frame by frame and have been turned.")
            rows = values if axis == 0 else values.T
            return finite(rows[np.searchsorted(members, kept)], notes)
    notes.append(
        f"Traces were left out: a table of {values.shape[0]}x{values.shape[1]} cannot be matched "
        f"to {n_source} components."
    )
    return None


def _component_axis(values: NDArray[np.generic], axis: int | None, count: int) -> int | None:
    if axis is not None:
        return axis if values.shape[axis] == count else None
    if values.shape[0] == count:
        return 0
    return 1 if values.shape[1] == count else None


def _by_component(
    values: NDArray[np.generic], table: TraceTable, kept: NDArray[np.int64], notes: list[str]
) -> NDArray[np.float32] | None:
    """Rows that name their component; a component that none names gets zeros, and a note."""
    assert table.components is not None
    axis = _component_axis(values, table.axis, len(table.components))
    if axis is None:
        notes.append(
            f"Traces were left out: {len(table.components)} components are named for a table of "
            f"{values.shape[0]}x{values.shape[1]}."
        )
        return None
    rows = values if axis == 0 else values.T
    position = {int(component): row for row, component in enumerate(table.components)}
    found = np.array([position.get(int(component), -1) for component in kept])
    if not np.any(found >= 0):
        notes.append("Traces were left out: they belong to none of the components.")
        return None
    chosen = finite(rows[np.maximum(found, 0)], notes)
    chosen[found < 0] = 0
    if np.any(found < 0):
        notes.append(f"{int(np.sum(found < 0))} components have no trace; theirs is all zero.")
    return chosen


def finite(rows: NDArray[np.generic], notes: list[str]) -> NDArray[np.float32]:
    """Traces as float32; frames that are NaN or beyond `LARGEST` are filled by straight lines
    between the neighbouring frames, a trace of nothing else by zeros. The notes count both.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array(rows, dtype=np.float32)
    good = np.abs(values) <= LARGEST
    damaged = np.nonzero(~good.all(axis=1))[0]
    empty = 0
    frames = np.arange(values.shape[1])
    for row in damaged:
        if good[row].any():
            values[row] = np.interp(frames, frames[good[row]], values[row][good[row]])
        else:
            values[row] = 0
            empty += 1
    if len(damaged) > empty:
        notes.append(
            f"{len(damaged) - empty} traces had frames that were NaN, infinite or absurdly large, "
            "filled from their neighbours."
        )
    if empty:
        notes.append(f"{empty} traces held nothing but such frames; they are all zero.")
    return values
