"""Recordings and labels to files that Somata, numpy and Suite2p read."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.labels import Label
from app.domain.recordings import Recording

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The same recording gives the same bytes, whenever it is written."""


def write_arrays(recording: Recording, path: Path) -> None:
    """Write an .npz that reads back as the same recording: same content hash, labels, images.

    Arrays are named as `app/formats/arrays.py` reads them. Labels of several annotators are
    `annotator_labels` (components, annotators) with their names in `annotators`. Rejected
    components, notes and the name are not kept.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, array in _arrays(recording).items():
            info = zipfile.ZipInfo(f"{name}.npy", FIXED_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def _arrays(recording: Recording) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "masks": recording.masks,
        "centroids_px": recording.centroids_px,
        "source_indices": recording.source_indices,
        **recording.summary_images,
    }
    if recording.traces is not None:
        arrays["traces"] = recording.traces
    if recording.frame_rate_hz is not None:
        arrays["frame_rate_hz"] = np.array([recording.frame_rate_hz], dtype=np.float64)
    # (0, 0) says that the field is unknown, and still that the masks are crops.
    arrays["field_shape"] = np.array(recording.field_shape_px or (0, 0), dtype=np.int64)
    # Its presence says that the masks are crops, even where the field is itself 50x50.
    arrays["mask_scale"] = np.array([recording.mask_scale], dtype=np.float64)
    if recording.neuron_radius_px is not None:
        arrays["neuron_radius_px"] = np.array([recording.neuron_radius_px], dtype=np.float64)
    if recording.imported_labels:
        columns = [imported.labels for imported in recording.imported_labels]
        arrays["annotator_labels"] = np.stack(columns, axis=1)
        names = [imported.annotator for imported in recording.imported_labels]
        arrays["annotators"] = _names_array(names)
    return arrays


def _names_array(names: Iterable[str]) -> NDArray[np.uint8]:
    """Names as UTF-8 bytes, one a line: plain numbers, so no text type needs to be read."""
    joined = "\n".join(name.replace("\n", " ") for name in names)
    return np.frombuffer(joined.encode("utf-8"), dtype=np.uint8)


def labels_csv(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> str:
    """A CSV with a header line; `columns` names and orders what each row gives."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe_cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _safe_cell(value: object) -> object:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def write_iscell(labels: NDArray[np.integer[Any]], path: Path) -> None:
    """Suite2p's iscell.npy from labels of all ROIs of a plane, in stat.npy's order.

    labels: (rois,) 1 to 4, 0 for none. Column 0 is 1 for neurons, else 0; column 1, Suite2p's
    odds, is 1 or 0 likewise, and 0.5 where there is no label or a doubtful neuron.
    """
    neuron = (labels == Label.NEURON).astype(np.float64)
    undecided = np.isin(labels, (0, int(Label.DOUBTFUL)))
    table = np.stack([neuron, np.where(undecided, 0.5, neuron)], axis=1)
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, table, allow_pickle=False)
