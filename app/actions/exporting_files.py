"""`./somata export`: what a lab takes back into its own pipeline."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.actions import exporting, promoting
from app.actions.context import Context
from app.domain.accounts import Account, Role
from app.domain.errors import InvalidInput
from app.domain.recordings import ImportedLabels, Recording
from app.formats.writing import write_arrays, write_iscell
from app.storage import components, recordings

# Whoever reaches the data folder may see everything in it.
OWNER = Account(id=0, name="command line", role=Role.ADMIN)


def export_all(context: Context, folder: Path, kind: str) -> Iterator[Path]:
    """Write the files of this kind (a key of FORMATS) to a folder; yields each when it is whole.

    Raises InvalidInput where the folder holds something else's files.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for write in FORMATS[kind]:
        yield from write(context, folder)


def _labels(context: Context, folder: Path) -> Iterator[Path]:
    yield _csv(folder / "labels.csv", exporting.current_labels(context, OWNER))


def _history(context: Context, folder: Path) -> Iterator[Path]:
    path = folder / "label_events.ndjson"
    with _whole(path) as partial, partial.open("w", encoding="utf-8") as file:
        for row in exporting.label_history(context, OWNER):
            file.write(json.dumps(row) + "\n")
    yield path


def _predictions(context: Context, folder: Path) -> Iterator[Path]:
    if promoting.serving_run(context) is None:
        return
    rows = (vars(one) for one in exporting.predictions(context, OWNER, None, None))
    yield _csv(folder / "predictions.csv", (_spread(dict(row)) for row in rows))


def _spread(row: dict[str, Any]) -> dict[str, Any]:
    row["p1"], row["p2"], row["p3"], row["p4"] = row.pop("probabilities")
    return row


def _csv(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    with _whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
    return path


def _arrays(context: Context, folder: Path) -> Iterator[Path]:
    for stored in stored_recordings(context):
        path = folder / f"{_file_name(stored)}.npz"
        with _whole(path) as partial:
            write_arrays(stored, partial)
        yield path


def _iscell(context: Context, folder: Path) -> Iterator[Path]:
    for stored in stored_recordings(context):
        path = folder / f"{_file_name(stored)}.iscell.npy"
        with _whole(path) as partial:
            write_iscell(stored.imported_labels[0].labels, partial)
        yield path


FORMATS: dict[str, tuple[Callable[[Context, Path], Iterator[Path]], ...]] = {
    "csv": (_labels, _predictions),
    "events": (_history,),
    "npz": (_arrays,),
    "iscell": (_iscell,),
    "all": (_labels, _predictions, _history, _arrays),
}
"""What `--format` may name, and what each writes."""


def stored_recordings(context: Context) -> Iterator[Recording]:
    """Every stored recording, its labels being the consensus of those who answered."""
    after_id = 0
    while True:
        with context.database.read() as session:
            page = recordings.page(session, after_id, 1)
        if not page:
            return
        after_id = page[0].id
        yield _stored(context, after_id)


def _stored(context: Context, recording_id: int) -> Recording:
    with context.database.read() as session:
        row = recordings.by_id(session, recording_id)
        rows = list(components.of_recording(session, recording_id))
        kinds = recordings.summary_kinds(session, [recording_id])[recording_id]
        images = {kind: recordings.summary_image(session, recording_id, kind) for kind in kinds}
    if row is None:
        raise LookupError(f"recording {recording_id} vanished")
    with_traces = all(one.trace is not None for one in rows)
    known_field = row.field_height_px is not None and row.field_width_px is not None
    return Recording(
        name=f"{row.id:03d} {row.name}",
        source_format=row.source_format,
        masks=np.stack([one.mask for one in rows]),
        centroids_px=np.array([(one.centroid_y_px, one.centroid_x_px) for one in rows], np.float32),
        source_indices=np.array([one.source_index for one in rows], np.int64),
        traces=np.stack([one.trace for one in rows]) if with_traces else None,
        frame_rate_hz=row.frame_rate_hz,
        field_shape_px=(row.field_height_px or 0, row.field_width_px or 0) if known_field else None,
        summary_images={kind: image for kind, image in images.items() if image is not None},
        imported_labels=(
            ImportedLabels("somata", np.array([one.label or 0 for one in rows], np.int8)),
        ),
        neuron_radius_px=row.neuron_radius_px,
        mask_scale=row.mask_scale,
    )


def _file_name(stored: Recording) -> str:
    return "".join(c if c.isalnum() or c in " ._-" else "_" for c in stored.name).strip()[:100]


class _whole:  # noqa: N801 - reads as a word in `with`
    """Write beside the target and rename: a file that is there is a whole one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.partial{path.suffix}")

    def __enter__(self) -> Path:
        return self.partial

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.partial.replace(self.path)
        else:
            self.partial.unlink(missing_ok=True)
