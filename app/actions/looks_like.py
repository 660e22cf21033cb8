"""The components that look most like one, by what the networks of the run in use see.

A network embeds components that it was trained on otherwise than others. Each labeled one was
seen by all folds' networks but one, so that labeled ones are at least alike in this; for looking
alike it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.actions import embedding
from app.actions.context import Context
from app.actions.known_labels import current_labels, labels_of
from app.domain.accounts import Account
from app.domain.errors import NotAllowed, NotFound
from app.storage import components, events, rounds

SHOWN = 3
"""Of each class, beside the one that was answered."""


@dataclass(frozen=True)
class Alike:
    """A component that looks like the one asked about.

    label: what it is called now, None where it has no label. distance: in the embedding, in no
    unit: to be compared with the others' only.
    """

    component: int
    label: int | None
    distance: float


@dataclass(frozen=True)
class Shown:
    """The same, as it is drawn beside the answer."""

    component: int
    content_hash: str
    distance: float


@dataclass(frozen=True, eq=False)
class _Space:
    """What is kept of a space: keys (n,) in order, vectors (n, numbers), their lengths squared."""

    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    squares: NDArray[np.float32]


def nearest(context: Context, component: int, count: int, *, labeled: bool = False) -> list[Alike]:
    """Those that look most like a component, the nearest first; itself is not among them.

    labeled: only such as have a label. Empty where nothing is embedded yet, or the component
    came since. Tells labels: for whoever may know them.
    """
    found = _distances(context, component)
    if found is None:
        return []
    space, far = found
    known = current_labels(context)
    if labeled:
        far = np.where(labels_of(space.keys, known) > 0, far, np.inf)
    return _first(space.keys, far, count, known)


def shown_to(
    context: Context, viewer: Account, component: int, codes: Sequence[int]
) -> dict[int, list[Shown]]:
    """`nearest_of_classes`, three each, of what does not spoil anybody's blind look.

    A labeler gets components that they have answered; an admin all but those that an open round
    may still ask them about. Raises NotFound; NotAllowed for a labeler who has not answered it.
    """
    with context.database.read() as session:
        if not components.existing(session, [component]):
            raise NotFound("component", component)
        own = events.answered_by(session, viewer.id)
        asked = rounds.in_open_rounds(session) if viewer.is_admin else []
    if not viewer.is_admin and component not in own:
        raise NotAllowed(f"Answer component {component} first: what it looks like would sway you.")

    def may_see(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        answered = np.isin(keys, own)
        return answered | ~np.isin(keys, asked) if viewer.is_admin else answered

    found = nearest_of_classes(context, component, codes, SHOWN, may_see)
    with context.database.read() as session:
        places = components.places(
            session, [one.component for some in found.values() for one in some]
        )
    return {
        code: [
            Shown(one.component, places[one.component].content_hash, one.distance) for one in some
        ]
        for code, some in found.items()
    }


def nearest_of_classes(
    context: Context,
    component: int,
    codes: Sequence[int],
    count: int,
    among: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None = None,
) -> dict[int, list[Alike]]:
    """For each class, the components labeled so that look most like this one, nearest first.

    codes: 1 to 4. among: which of these components count, all by default. Tells labels: for
    whoever may know them, e.g. after a blind answer. Empty lists where nothing is embedded yet or
    nothing is labeled so.
    """
    found = _distances(context, component)
    if found is None:
        return {code: [] for code in codes}
    space, far = found
    if among is not None:
        far = np.where(among(space.keys), far, np.inf)
    known = current_labels(context)
    labels = labels_of(space.keys, known)
    result = {}
    for code in codes:
        own = np.flatnonzero(labels == code)
        result[code] = _first(space.keys[own], far[own], count, known)
    return result


def _first(
    keys: NDArray[np.int64], far: NDArray[np.float32], count: int, known: Mapping[int, int]
) -> list[Alike]:
    some = np.argpartition(far, count)[:count] if count < len(far) else np.arange(len(far))
    order = some[np.argsort(far[some], kind="stable")]
    return [
        Alike(int(keys[row]), known.get(int(keys[row])), float(np.sqrt(max(far[row], 0.0))))
        for row in order
        if np.isfinite(far[row])
    ]


def _distances(context: Context, component: int) -> tuple[_Space, NDArray[np.float32]] | None:
    """Distances squared of all embedded components from one; its own is infinite."""
    space = _space(context)
    if space is None:
        return None
    row = int(np.searchsorted(space.keys, component))
    if row == len(space.keys) or space.keys[row] != component:
        return None
    far = space.squares + space.squares[row] - 2 * space.vectors @ space.vectors[row]
    far[row] = np.inf
    return space, far


def _space(context: Context) -> _Space | None:
    shown = embedding.shown(context)
    if shown is None:
        return None
    name = "looks_like", shown.id, shown.components
    kept: _Space | None = context.kept.get(name)
    if kept is None:
        keys, vectors, _ = embedding.vectors_of(context, shown.id)
        kept = _Space(keys, vectors, (vectors**2).sum(axis=1))
        context.kept.put(name, kept, keys.nbytes + vectors.nbytes + kept.squares.nbytes)
    return kept
