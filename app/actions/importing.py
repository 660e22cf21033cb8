"""Files to stored recordings: read and measured first, then written in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions import jobs
from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.cues import Cues, measure_cues
from app.domain.events import EventKind, current_label
from app.domain.recordings import Recording
from app.formats.limits import ReadLimits
from app.formats.reading import read_recordings
from app.storage import events, labelers, recordings, runs, states
from app.storage.database import lock_event_log
from app.storage.recordings import PackedArrays


@dataclass(frozen=True)
class Imported:
    """What came of one recording. new: false where the same content was there already."""

    recording_id: int
    name: str
    new: bool
    components: int
    rejected: int


@dataclass(frozen=True)
class ImportOptions:
    """What the importing person may say about a file."""

    format: str | None = None
    name: str | None = None
    neuron_radius_px: float | None = None


@dataclass(frozen=True, eq=False)
class _Prepared:
    recording: Recording
    content_hash: str
    cues: Cues
    packed: PackedArrays


def import_file(
    context: Context,
    by: Account | None,
    path: Path,
    options: ImportOptions,
    on_progress: Callable[[str], None] = lambda step: None,
) -> list[Imported]:
    """Read a file or folder and store every recording in it.

    Nothing is stored of a file that cannot be read whole. Raises UnreadableFile, FileTooLarge or
    InvalidInput.
    """
    on_progress("reading")
    found = read_recordings(
        path,
        format=options.format,
        name=options.name,
        neuron_radius_px=options.neuron_radius_px,
        limits=ReadLimits(
            max_bytes=context.settings.max_upload_bytes,
            max_unpacked_bytes=4 * context.settings.max_upload_bytes,
        ),
    )
    return store(context, by, found, source=path.name, on_progress=on_progress)


def store(
    context: Context,
    by: Account | None,
    found: Sequence[Recording],
    source: str,
    on_progress: Callable[[str], None] = lambda step: None,
) -> list[Imported]:
    """Store recordings of one source together: all of them or, if one fails, none."""
    on_progress("measuring")
    # All that takes long happens here, so that no label waits while the database is held.
    prepared = [
        _Prepared(
            recording,
            recording.content_hash(),
            measure_cues(recording.masks, recording.traces),
            recordings.pack(recording),
        )
        for recording in found
    ]
    on_progress("storing")
    try:
        stored = _store_all(context, by, prepared, source)
    except IntegrityError:
        # Somebody stored the same content between our look and our write; now it is there.
        stored = _store_all(context, by, prepared, source)
    with context.database.read() as session:
        model = runs.serving(session)
    if model is not None and any(one.new for one in stored):
        jobs.enqueue(context, "score", by=by, request={})
    return stored


def _store_all(
    context: Context,
    by: Account | None,
    prepared: Sequence[_Prepared],
    source: str,
) -> list[Imported]:
    with context.database.write() as session:
        lock_event_log(session)
        stored = []
        for one in prepared:
            recording = one.recording
            there = recordings.by_hash(session, one.content_hash)
            if there is not None:
                stored.append(Imported(there.id, there.name, False, there.components, 0))
                continue
            provenance = {
                "source": source[:500],
                "content_hash": one.content_hash,
                "imported_by": None if by is None else by.id,
                "imported_at": context.now(),
            }
            row = recordings.add(session, recording, provenance)
            keys = recordings.add_components(session, row.id, recording, one.packed)
            _add_states(session, row.id, keys, one.cues)
            _add_labels(context, session, keys, recording)
            stored.append(Imported(row.id, row.name, True, row.components, len(recording.rejected)))
        return stored


def _add_states(session: Session, recording_id: int, keys: Sequence[int], cues: Cues) -> None:
    # Seeded by the recording, so that the random order is the same after a restore.
    shuffle = np.random.default_rng(recording_id).random(len(keys))
    states.add(
        session,
        [
            {
                "component_id": key,
                "recording_id": recording_id,
                "people": 0,
                "disagreement": False,
                "cue_process": float(cues.process[index]),
                "cue_donut": float(cues.donut[index]),
                "cue_snr": None if cues.snr is None else float(cues.snr[index]),
                "shuffle": float(shuffle[index]),
            }
            for index, key in enumerate(keys)
        ],
    )


def _add_labels(
    context: Context, session: Session, keys: Sequence[int], recording: Recording
) -> None:
    """The file's own labels, as events of an annotator named for their source."""
    now = context.now()
    labeled: set[int] = set()
    for imported in recording.imported_labels:
        labeler_id = labelers.source(session, imported.annotator, now)
        given: NDArray[np.intp] = np.flatnonzero(imported.labels)
        rows: list[dict[str, Any]] = [
            {
                "uuid": uuid4(),
                "component_id": keys[index],
                "labeler_id": labeler_id,
                "kind": EventKind.LABEL.value,
                "label": int(imported.labels[index]),
                "late": False,
                "created_at": now,
            }
            for index in given
        ]
        events.append(session, rows)
        labeled.update(row["component_id"] for row in rows)
    _set_labels(session, sorted(labeled))


def _set_labels(session: Session, keys: Sequence[int], batch: int = 5_000) -> None:
    for start in range(0, len(keys), batch):
        part = keys[start : start + batch]
        logs = events.of_components(session, part)
        states.set_labels(session, {key: current_label(log) for key, log in logs.items()})
