"""NWB: every PlaneSegmentation of a file is a recording.

Read with h5py by neurodata types, and not through pynwb or roiextractors: files in the wild
have odd columns, no fluorescence, or extensions whose schemas are missing, on which these stop.
Source of the layout: https://nwb-schema.readthedocs.io (ophys module, 2.x).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.footprint import Footprint, from_pixels
from app.formats.hdf5 import at, is_hdf5, numbers, numbers_or_none, opened, stack_footprints, text
from app.formats.limits import ReadLimits
from app.formats.nwb_tables import labels_of, rate_of, traces_of
from app.formats.problems import BadContent, check_size
from app.formats.source import ReadOptions, Source
from app.formats.suite2p import from_zero

MASK_COLUMNS = ("image_mask", "pixel_mask", "voxel_mask")
IMAGE_TYPES = ("GrayscaleImage", "Image", "RGBImage")
IMAGE_NAMES = {"correlation": ("corr", "cn"), "max": ("max",), "mean": ("mean", "average", "avg")}


class NwbReader:
    """Reads one NWB 2 file."""

    name = "nwb"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        if not is_hdf5(path):
            return False
        with h5py.File(path, "r", locking=False) as file:
            return "nwb_version" in file.attrs or "session_start_time" in file

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        with opened(path, options.limits) as file:
            layout = _layout(file)
            if not layout.planes:
                raise BadContent(
                    "has no PlaneSegmentation with masks. Write the ROIs with their masks."
                )
            recordings = []
            for plane in layout.planes:
                own = options
                if len(layout.planes) > 1:
                    own = replace(options, name=f"{options.name} {plane.name.split('/')[-1]}")
                recordings.append(assemble(_source(layout, plane, options.limits), own))
        return recordings


@dataclass(eq=False)
class Layout:
    """The parts of a file that matter, found by type wherever they lie."""

    file: Any
    planes: list[Any]
    series: list[Any]
    images: list[Any]


def _layout(file: Any) -> Layout:
    layout = Layout(file, [], [], [])

    def visit(_: str, item: Any) -> None:
        kind = text(item.attrs.get("neurodata_type", ""))
        if isinstance(item, h5py.Group):
            if any(isinstance(at(item, column), h5py.Dataset) for column in MASK_COLUMNS):
                layout.planes.append(item)
            elif "data" in item and (kind == "RoiResponseSeries" or "rois" in item):
                layout.series.append(item)
        elif kind in IMAGE_TYPES:
            layout.images.append(item)

    file.visititems(visit)
    filled = [plane for plane in layout.planes if _count(plane)]
    layout.planes = sorted(filled or layout.planes, key=lambda plane: str(plane.name))
    return layout


def _count(plane: Any) -> int:
    column = at(plane, "id", "image_mask", "pixel_mask_index", "voxel_mask_index")
    return int(column.shape[0]) if column is not None and column.shape else 0


def _source(layout: Layout, plane: Any, limits: ReadLimits) -> Source:
    notes: list[str] = []
    x_first = "neuroconv" in _written_by(layout.file)
    images = _images(layout, limits, x_first)
    image_shape = next(iter(images.values())).shape if images else None
    source = Source(source_format=NwbReader.name, summary_images=images, notes=notes)
    stack = at(plane, "image_mask")
    if stack is not None:
        _place_stack(source, stack, limits, x_first)
    else:
        _place_pixels(source, layout, plane, limits, image_shape)
    source.traces = traces_of(layout.series, plane, layout.file, limits, notes)
    source.frame_rate_hz = rate_of(layout.series, plane, layout.file, limits)
    source.labels = labels_of(plane, _count(plane), limits, notes)
    return source


def _written_by(file: Any) -> str:
    places = ("general/source_script", "session_description", "identifier")
    return " ".join(text(at(file, place)) for place in places).lower()


def _place_stack(source: Source, stack: Any, limits: ReadLimits, x_first: bool) -> None:
    """image_mask is (rois, height, width) for most writers. The schema says (rois, x, y), and
    NeuroConv follows it; the summary images of one file are stored like its masks.
    """
    if len(stack.shape) != 3 or 0 in stack.shape[1:]:
        raise BadContent(
            f"'{stack.name}' has shape {stack.shape}; (rois, height, width) is read, one plane."
        )
    own = (int(stack.shape[1]), int(stack.shape[2]))
    shape = own[::-1] if x_first else own
    if x_first:
        source.notes.append("Masks and images were stored x first (NeuroConv); they were turned.")
    source.field_shape_px = shape
    source.footprints = stack_footprints(stack, limits, transposed=x_first)


def _place_pixels(
    source: Source, layout: Layout, plane: Any, limits: ReadLimits, image_shape: Any
) -> None:
    """pixel_mask: x, y, weight of all ROIs in one list, and where each ROI ends."""
    key = "pixel_mask" if "pixel_mask" in plane else "voxel_mask"
    ends = numbers(at(plane, f"{key}_index"), limits).astype(np.int64)
    xs, ys, weights = _pixel_columns(at(plane, key), key, limits)
    if ends.ndim != 1 or np.any(np.diff(ends, prepend=0) < 0) or (len(ends) and ends[-1] > len(xs)):
        raise BadContent(f"'{key}_index' does not fit '{key}'. The file is damaged.")
    if "suite2p" in _written_by(layout.file):
        # Suite2p's own save_nwb writes ypix into the column x.
        source.notes.append("Suite2p stores rows in the column x; they were exchanged.")
        xs, ys = ys, xs
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    footprints = [
        from_pixels(ys[a:b], xs[a:b], weights[a:b]) for a, b in zip(starts, ends, strict=True)
    ]
    shape = image_shape or _declared_shape(layout.file, limits)
    if shape is None and len(xs):
        shape = (int(ys.max()) + 1, int(xs.max()) + 1)
        source.notes.append("The field's size is unknown; it ends at the outermost pixel.")
    source.field_shape_px = None if shape is None else (int(shape[0]), int(shape[1]))
    source.footprints = _turned_if_outside(
        from_zero(footprints, source.field_shape_px, source.notes), source
    )


def _turned_if_outside(footprints: list[Footprint], source: Source) -> list[Footprint]:
    """Pixel lists of a field that is not square betray rows written as columns."""
    shape = source.field_shape_px
    filled = [footprint for footprint in footprints if footprint.ys.size]
    if shape is None or not filled:
        return footprints
    rows = max(int(footprint.ys.max()) for footprint in filled)
    columns = max(int(footprint.xs.max()) for footprint in filled)
    fits = rows < shape[0] and columns < shape[1]
    if fits or rows >= shape[1] or columns >= shape[0]:
        return footprints
    source.notes.append("Rows and columns of the pixel lists were exchanged, to fit the field.")
    return [Footprint(f.xs, f.ys, f.weights) for f in footprints]


def _pixel_columns(
    dataset: Any, key: str, limits: ReadLimits
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if not isinstance(dataset, h5py.Dataset) or len(dataset.shape) not in (1, 2):
        raise BadContent(f"'{key}' is no list of pixels.")
    check_size(dataset.size * dataset.dtype.itemsize, limits.max_unpacked_bytes, f"'{key}'")
    table = dataset[()]
    names = table.dtype.names
    if names is None and table.ndim == 2 and table.shape[1] in (3, 4) and table.dtype.kind in "iuf":
        columns = {"x": table[:, 0], "y": table[:, 1], "weight": table[:, -1]}
        if table.shape[1] == 4:
            columns["z"] = table[:, 2]
    elif names is not None and {"x", "y"} <= set(names):
        columns = {name: table[name] for name in names}
    else:
        raise BadContent(f"'{key}' has no columns x, y and weight.")
    if "z" in columns and len(np.unique(columns["z"])) > 1:
        raise BadContent("holds ROIs of several depths. Write one PlaneSegmentation a plane.")
    weights = columns.get("weight", np.ones(len(table), dtype=np.float32))
    return columns["x"], columns["y"], weights


def _declared_shape(file: Any, limits: ReadLimits) -> tuple[int, int] | None:
    """From an imaging series' `dimension` (width, height) or its frames (frames, height, width)."""
    acquisition = at(file, "acquisition")
    if not isinstance(acquisition, h5py.Group):
        return None
    for series in acquisition.values():
        dimension = numbers_or_none(at(series, "dimension"), limits)
        if dimension is not None and dimension.shape == (2,) and np.all(dimension > 0):
            return int(dimension[1]), int(dimension[0])
        data = at(series, "data")
        if data is not None and len(data.shape or ()) == 3 and min(data.shape[1:]) > 0:
            return int(data.shape[1]), int(data.shape[2])
    return None


def _images(layout: Layout, limits: ReadLimits, x_first: bool) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for kind, image in _named_images(layout.images):
        values = numbers_or_none(image, limits)
        if values is None or values.ndim != 2 or 0 in values.shape:
            continue
        found.setdefault(kind, values.T if x_first else values)
    return found


def _named_images(images: list[Any]) -> Iterator[tuple[str, Any]]:
    """Images by the kind that their name tells; one of another name serves as mean, last."""
    others = []
    for image in images:
        name = str(image.name).rsplit("/", 1)[-1].lower()
        kinds = [kind for kind, parts in IMAGE_NAMES.items() if any(p in name for p in parts)]
        if kinds:
            yield kinds[0], image
        else:
            others.append(("mean", image))
    yield from others
