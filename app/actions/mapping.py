"""The map: every embedded component in a plane, with what it is coloured by."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.actions import embedding
from app.actions.context import Context
from app.actions.embedding import Space
from app.actions.known_labels import labels_and_event, labels_of
from app.domain.errors import NoModel
from app.rendering.packing import Packing
from app.storage import embeddings


@dataclass(frozen=True, eq=False)
class _Places:
    """What does not change while a space stands, each (components,) but places (components, 2)."""

    keys: NDArray[np.int32]
    places: NDArray[np.float32]
    recordings: NDArray[np.int32]
    predicted: NDArray[np.uint8]
    entropy: NDArray[np.float16]


def version(context: Context) -> str:
    """Names the points as they are now: another event or another space, another name.

    Raises NoModel where nothing is embedded yet.
    """
    return _version(_shown(context), labels_and_event(context)[1])


def points(context: Context) -> tuple[bytes, str]:
    """The body that the page draws from, and its `version`. Tells labels and predictions: for
    admins. Raises NoModel where nothing is embedded yet.
    """
    space = _shown(context)
    known, event_id = labels_and_event(context)
    found = _places(context, space)
    packing = Packing()
    header = {
        "format": "somata-map-1",
        "run": space.run_id,
        "event": event_id,
        "components": packing.add(found.keys),
        "places": packing.add(found.places),
        "labels": packing.add(labels_of(found.keys, known)),
        "predicted": packing.add(found.predicted),
        "entropy": packing.add(found.entropy),
        "recordings": packing.add(found.recordings),
    }
    return packing.body(header), _version(space, event_id)


def _version(space: Space, event_id: int) -> str:
    named = f"{space.id}-{space.components}-{space.finished_at.isoformat()}-{event_id}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def _shown(context: Context) -> Space:
    space = embedding.shown(context)
    if space is None:
        raise NoModel("The map is not drawn yet. Train a run; the worker then lays it out.")
    return space


def _places(context: Context, space: Space) -> _Places:
    name = "map", space.id, space.components
    kept: _Places | None = context.kept.get(name)
    if kept is None:
        with context.database.read() as session:
            rows = embeddings.on_the_map(session, space.id, space.run_id)
        chances = np.array([row[4:8] for row in rows], np.float64).reshape(-1, 4)
        judged = ~np.isnan(chances[:, 0])
        kept = _Places(
            np.array([row.component_id for row in rows], np.int32),
            np.array([row[1:3] for row in rows], np.float32).reshape(-1, 2),
            np.array([row.recording_id for row in rows], np.int32),
            np.where(judged, np.nan_to_num(chances).argmax(axis=1) + 1, 0).astype(np.uint8),
            np.array([row.entropy for row in rows], np.float64).astype(np.float16),
        )
        context.kept.put(name, kept, 24 * len(rows))
    return kept
