"""Minian: a folder with A.zarr (footprints), C.zarr (traces) and max_proj.zarr.

Read with zarr and not through roiextractors, which demands traces, timestamps and a background
beside the footprints. Pixels where no chunk was written are NaN: no weight.
Source: https://minian.readthedocs.io
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.footprint import Footprint, from_dense
from app.formats.limits import ReadLimits
from app.formats.npy import MAX_ITEM_BYTES, NUMBER_KINDS
from app.formats.problems import BadContent, check_size
from app.formats.source import ReadOptions, Source, TraceTable

UNIT, FRAME = "unit_id", "frame"
PLANE = ("height", "width")
MAX_LINES = 10_000_000


class MinianReader:
    """Reads one Minian folder."""

    name = "minian"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        return path.is_dir() and _place(path, "A") is not None

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        footprints = _opened(path, "A", options.limits)
        if footprints is None:
            raise BadContent("has no A.zarr with footprints. Give Minian's output folder.")
        return [assemble(_source(path, footprints, options.limits), options)]


def _place(path: Path, name: str) -> Path | None:
    """Where an array lies: in a group of its own, or in one group with the others."""
    for folder in (path / f"{name}.zarr" / name, path / name):
        if any((folder / meta).is_file() for meta in (".zarray", "zarr.json")):
            return folder
    return None


def _opened(path: Path, name: str, limits: ReadLimits) -> Any:
    place = _place(path, name)
    if place is None:
        return None
    # Not at the top: it takes about a second, which every start of the server would pay.
    import zarr

    array = zarr.open_array(place, mode="r")
    if array.dtype.kind not in NUMBER_KINDS or array.dtype.itemsize > MAX_ITEM_BYTES:
        raise BadContent(f"{name}.zarr is of type {array.dtype} where numbers were expected.")
    for shape in (array.shape, array.chunks):
        size_bytes = array.dtype.itemsize
        for side in shape:
            size_bytes *= int(side)
        check_size(size_bytes, limits.max_unpacked_bytes, f"{name}.zarr")
    return array


def _order(array: Any, wanted: tuple[str, ...], name: str) -> tuple[int, ...]:
    """Which stored axis each wanted one is, by xarray's names where the file has them."""
    if array.ndim != len(wanted):
        raise BadContent(f"{name}.zarr has shape {array.shape}; {', '.join(wanted)} are read.")
    dims = array.attrs.get("_ARRAY_DIMENSIONS", list(wanted))
    if not isinstance(dims, list) or sorted(map(str, dims)) != sorted(wanted):
        raise BadContent(f"{name}.zarr has the axes {dims}; {', '.join(wanted)} are read.")
    return tuple(dims.index(axis) for axis in wanted)


def _source(path: Path, footprints: Any, limits: ReadLimits) -> Source:
    notes: list[str] = []
    order = _order(footprints, (UNIT, *PLANE), "A")
    shape = (int(footprints.shape[order[1]]), int(footprints.shape[order[2]]))
    source = Source(
        source_format=MinianReader.name,
        footprints=_footprints(footprints, order),
        field_shape_px=shape,
        traces=_traces(path, int(footprints.shape[order[0]]), limits),
        frame_rate_hz=_rate(path, notes),
        source_indices=_units(path, "A", limits),
        notes=notes,
    )
    image = _opened(path, "max_proj", limits)
    if image is not None:
        values = np.asarray(image[...])
        source.summary_images["max"] = values.transpose(_order(image, PLANE, "max_proj"))
    return source


def _footprints(array: Any, order: tuple[int, ...]) -> Iterator[Footprint]:
    unit_axis = order[0]
    turned = order[1] > order[2]
    for index in range(array.shape[unit_axis]):
        selection: list[Any] = [slice(None)] * 3
        selection[unit_axis] = index
        image = np.nan_to_num(np.asarray(array[tuple(selection)]), nan=0.0)
        yield from_dense(image.T if turned else image)


def _units(path: Path, name: str, limits: ReadLimits) -> NDArray[Any] | None:
    place = _place(path, name)
    if place is None or not (place.parent / UNIT).is_dir():
        return None
    import zarr

    inner = zarr.open_array(place.parent / UNIT, mode="r")
    check_size(int(inner.size) * 8, limits.max_unpacked_bytes, UNIT)
    return np.asarray(inner[...]) if inner.dtype.kind in "iu" and inner.ndim == 1 else None


def _traces(path: Path, n_units: int, limits: ReadLimits) -> TraceTable | None:
    """C, matched by unit_id where both arrays carry it."""
    array = _opened(path, "C", limits)
    if array is None:
        return None
    values = np.asarray(array[...]).transpose(_order(array, (UNIT, FRAME), "C"))
    of_masks, of_traces = _units(path, "A", limits), _units(path, "C", limits)
    if of_masks is None or of_traces is None or len(of_masks) != n_units:
        return TraceTable(values, axis=0)
    position = {int(unit): index for index, unit in enumerate(of_masks)}
    components = np.array([position.get(int(unit), -1) for unit in of_traces], dtype=np.int64)
    return TraceTable(values, axis=0, components=components)


def _rate(path: Path, notes: list[str]) -> float | None:
    """From the microscope's timeStamps.csv, where it lies beside."""
    file = path / "timeStamps.csv"
    if not file.is_file():
        notes.append("The frame rate is unknown: there is no timeStamps.csv.")
        return None
    times_ms = []
    with file.open(newline="", encoding="utf-8", errors="replace") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            value = row.get("Time Stamp (ms)")
            if value is None or number > MAX_LINES:
                break
            times_ms.append(float(value))
    steps = np.diff(times_ms)
    if not len(steps) or np.median(steps) <= 0:
        notes.append("The frame rate is unknown: timeStamps.csv holds no increasing times.")
        return None
    return float(1000 / np.median(steps))
