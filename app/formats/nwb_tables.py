"""NWB's tables beside the masks: which series holds a plane's traces, its rate, its labels."""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from app.formats.given_labels import label_codes
from app.formats.hdf5 import at, numbers, numbers_or_none, text
from app.formats.limits import ReadLimits
from app.formats.source import TraceTable, positive_rate

NOT_TRACES = ("neuropil", "background", "deconv", "spike", "event", "baseline", "noise")
DECISIONS = ("accepted", "iscell", "is_cell", "is cell")
REJECTIONS = ("rejected",)
CODES = ("labels", "label")
WORDS = {
    "accepted": 1, "cell": 1, "neuron": 1, "soma": 1,
    "process": 2, "dendrite": 2,
    "rejected": 3, "noise": 3, "not cell": 3,
    "doubtful": 4, "undecided": 4, "doubtful neuron": 4,
}  # fmt: skip


def _ranked(series: list[Any], plane: Any, file: Any) -> list[Any]:
    """The series of a plane, best first: dF/F, then fluorescence, then anything else; those of
    background and deconvolved activity last; more ROIs before fewer.
    """
    own = [item for item in series if _refers_to(item, plane, file)]

    def rank(item: Any) -> tuple[bool, bool, bool, int]:
        path = str(item.name).lower()
        parent = text(item.parent.attrs.get("neurodata_type", ""))
        rois = at(item, "rois")
        count = int(rois.shape[0]) if isinstance(rois, h5py.Dataset) and rois.shape else 0
        return (
            any(word in path for word in NOT_TRACES),
            parent != "DfOverF" and "dff" not in path and "dfoverf" not in path,
            parent != "Fluorescence",
            -count,
        )

    return sorted(own, key=rank)


def _refers_to(series: Any, plane: Any, file: Any) -> bool:
    rois = at(series, "rois")
    if not isinstance(rois, h5py.Dataset):
        return True
    reference = rois.attrs.get("table")
    if not isinstance(reference, h5py.Reference) or not reference:
        return True
    return bool(file[reference] == plane)


def traces_of(
    series: list[Any], plane: Any, file: Any, limits: ReadLimits, notes: list[str]
) -> TraceTable | None:
    """The traces of a plane with the ROI of each, by the series' region."""
    ranked = _ranked(series, plane, file)
    if not ranked:
        notes.append("There is no RoiResponseSeries for this PlaneSegmentation: no traces.")
        return None
    best = ranked[0]
    values = numbers(best["data"], limits)
    notes.append(f"Traces are {'/'.join(str(best.name).split('/')[-2:])}.")
    rois = numbers_or_none(at(best, "rois"), limits)
    if rois is None or rois.ndim != 1 or rois.dtype.kind not in "iu":
        return TraceTable(values)
    if values.ndim == 1 and len(rois) == 1:
        values = values[:, None]
    # The schema's order is (frames, rois); files that have it the other way round are common.
    axis = 1 if values.ndim == 2 and values.shape[1] == len(rois) else 0
    return TraceTable(values, axis=axis, components=rois.astype(np.int64))


def rate_of(series: list[Any], plane: Any, file: Any, limits: ReadLimits) -> float | None:
    """From the traces' rate or timestamps, else the imaging plane's, else an imaging series'."""
    for item in _ranked(series, plane, file):
        rate = _series_rate(item, limits)
        if rate is not None:
            return rate
    imaging = at(plane, "imaging_plane")
    planes = [imaging] if imaging is not None else []
    every = at(file, "general/optophysiology")
    planes += list(every.values()) if isinstance(every, h5py.Group) else []
    for imaging in planes:
        rate = positive_rate(numbers_or_none(at(imaging, "imaging_rate"), limits))
        if rate is not None:
            return rate
    acquisition = at(file, "acquisition")
    items = list(acquisition.values()) if isinstance(acquisition, h5py.Group) else []
    return next((rate for item in items if (rate := _series_rate(item, limits))), None)


def _series_rate(series: Any, limits: ReadLimits) -> float | None:
    start = at(series, "starting_time")
    rate = positive_rate(start.attrs.get("rate")) if start is not None else None
    if rate is not None:
        return rate
    times = numbers_or_none(at(series, "timestamps"), limits)
    if times is None or times.ndim != 1 or len(times) < 2:
        return None
    step = float(np.median(np.diff(times)))
    return 1 / step if np.isfinite(step) and step > 0 else None


def labels_of(
    plane: Any, n_rois: int, limits: ReadLimits, notes: list[str]
) -> dict[str, NDArray[Any]]:
    """Columns that carry somebody's decision, each as an annotator ``nwb <column>``."""
    found: dict[str, NDArray[Any]] = {}
    columns = {str(name).lower(): str(name) for name in plane}
    rejected = _decision(plane, columns, REJECTIONS, limits)
    for name in (name for name in DECISIONS if name in columns):
        values = _decision(plane, columns, (name,), limits)
        if values is None:
            continue
        codes = np.where(values > 0.5, 1, 3)
        if rejected is not None and rejected.shape == values.shape:
            codes = np.where((codes == 3) & (rejected < 0.5), 0, codes)
        found[f"nwb {columns[name]}"] = codes
    for name in (name for name in CODES if name in columns):
        values = _codes(plane[columns[name]], limits)
        if values is None or not np.all(np.isin(np.nan_to_num(values), (0, 1, 2, 3, 4))):
            notes.append(f"The column '{columns[name]}' was left out: it is not of 1 to 4.")
        else:
            found[f"nwb {columns[name]}"] = label_codes(values, name)
    return {name: codes for name, codes in found.items() if len(codes) == n_rois}


def _decision(
    plane: Any, columns: dict[str, str], names: tuple[str, ...], limits: ReadLimits
) -> NDArray[np.float64] | None:
    """A column of yes and no; of two (Suite2p: decision, probability) the first."""
    for name in names:
        values = numbers_or_none(at(plane, columns.get(name, name)), limits)
        if values is not None and values.ndim in (1, 2) and values.size:
            first = values[:, 0] if values.ndim == 2 else values
            return np.nan_to_num(first.astype(np.float64))
    return None


def _codes(column: Any, limits: ReadLimits) -> NDArray[Any] | None:
    values = numbers_or_none(column, limits)
    if values is not None:
        return values if values.ndim == 1 else None
    if not isinstance(column, h5py.Dataset) or h5py.check_string_dtype(column.dtype) is None:
        return None
    words = [text(word).strip().lower() for word in column[()]]
    return np.array([WORDS.get(word, 0) for word in words])
