"""MATLAB results of CNMF, CNMF-E, EXTRACT and PCA-ICA (.mat, version 5 or 7.3).

There is no one layout: the same matrices go by different names. Each name is tried at the top
and inside structs (`neuron`, `output`, `extractAnalysisOutput`, `cnmfeAnalysisOutput`, ...).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.footprint import Footprint, from_stack
from app.formats.matlab_values import Tree, is_matlab, is_sparse, load
from app.formats.problems import BadContent
from app.formats.source import ReadOptions, Source, TraceTable, positive_rate
from app.formats.sparse import column_footprints

FOOTPRINTS = (
    "spatial_weights", "extractedImages", "filters", "IcaFilters", "spatial_footprints",
    "footprints", "A", "A_or", "A2", "masks",
)  # fmt: skip
TRACES = (
    "temporal_weights", "extractedSignals", "traces", "IcaTraces", "F_dff", "C_raw", "C", "C_or",
    "C2", "sigfn", "F",
)  # fmt: skip
IMAGES = {
    "correlation": ("Cn", "correlation_image"),
    "max": ("max_image", "max_proj"),
    "mean": ("summary_image", "mean_image", "meanImg", "F_per_pixel"),
}
HEIGHTS, WIDTHS = ("d1", "height", "Ly"), ("d2", "width", "Lx")
SIZES = ("dims", "imageSize", "image_size", "fov_size", "field_shape")
RATES = ("Fs", "fs", "fr", "frame_rate", "framerate", "frame_rate_hz")
LABELS = ("labels", "label", "cell_labels")


class MatlabReader:
    """Reads one .mat file."""

    name = "matlab"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        return is_matlab(path)

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        tree = load(path, options.limits)
        found = _holder(tree)
        if found is None:
            raise BadContent(
                f"has no footprints under any known name ({', '.join(FOOTPRINTS)}). Save the "
                "result's struct, or the matrices A and C with the field's size."
            )
        return [assemble(_source(*found, tree), options)]


def _trees(tree: Tree) -> Iterator[Tree]:
    yield tree
    for value in tree.values():
        if isinstance(value, dict):
            yield from _trees(value)


def _holder(tree: Tree) -> tuple[Tree, str] | None:
    """The outermost struct that holds footprints, and their name in it."""
    for holder in _trees(tree):
        for name in FOOTPRINTS:
            value = holder.get(name)
            if is_sparse(value) or (isinstance(value, np.ndarray) and value.ndim in (2, 3)):
                return holder, name
    return None


def _first(tree: Tree, names: tuple[str, ...]) -> NDArray[Any] | None:
    """The first array of one of these names, in the tree or below it."""
    for holder in _trees(tree):
        for name in names:
            value = holder.get(name)
            if value is not None and is_sparse(value):
                value = value.toarray()
            if isinstance(value, np.ndarray) and value.size:
                return value
    return None


def _source(holder: Tree, name: str, tree: Tree) -> Source:
    masks = holder[name]
    notes = [f"Footprints are '{name}'."]
    images = {
        kind: image
        for kind, names in IMAGES.items()
        if (image := _first(holder, names)) is not None and image.ndim == 2
    }
    traces = _first(holder, TRACES)
    source = Source(
        source_format=MatlabReader.name,
        traces=None if traces is None else TraceTable(traces),
        frame_rate_hz=_rate(tree, traces),
        summary_images=images,
        labels=_labels(tree),
        notes=notes,
    )
    if masks.ndim == 3:
        _place_stack(source, masks)
    else:
        _place_columns(source, masks, _field(tree, images))
    return source


def _place_stack(source: Source, masks: NDArray[Any]) -> None:
    """(height, width, components) as MATLAB's programs write it, or components first where only
    that axis fits the traces.
    """
    counts = set(source.traces.values.shape) if source.traces is not None else set()
    if masks.shape[2] in counts or masks.shape[0] not in counts:
        masks = np.moveaxis(masks, 2, 0)
    else:
        source.notes.append("The masks were stored with components first.")
    source.field_shape_px = (int(masks.shape[1]), int(masks.shape[2]))
    source.footprints = from_stack(masks)


def _place_columns(source: Source, masks: Any, field: tuple[int, int] | None) -> None:
    """(pixels, components), dense or sparse, pixels down the columns of the field."""
    from scipy import sparse

    columns = sparse.csc_matrix(masks)
    if field is None:
        raise BadContent(
            "has footprints as a matrix of pixels, but not the field's size. Save d1 and d2, or "
            "the correlation image Cn, beside them."
        )
    pixels = field[0] * field[1]
    if columns.shape[0] != pixels and columns.shape[1] == pixels:
        columns = sparse.csc_matrix(columns.T)
    if columns.shape[0] != pixels:
        raise BadContent(
            f"has footprints of {columns.shape[0]:,} pixels for a field of {field[0]}x{field[1]}."
        )
    source.field_shape_px = field
    source.footprints = _columns(columns, field)


def _columns(columns: Any, field: tuple[int, int]) -> Iterator[Footprint]:
    return column_footprints(columns.data, columns.indices, columns.indptr, field)


def _field(tree: Tree, images: dict[str, NDArray[Any]]) -> tuple[int, int] | None:
    height, width = _first(tree, HEIGHTS), _first(tree, WIDTHS)
    if height is not None and width is not None and height.size == width.size == 1:
        return int(height.flat[0]), int(width.flat[0])
    size = _first(tree, SIZES)
    if size is not None and size.size == 2:
        return int(size.flat[0]), int(size.flat[1])
    for image in images.values():
        return int(image.shape[0]), int(image.shape[1])
    return None


def _rate(tree: Tree, traces: NDArray[Any] | None) -> float | None:
    rate = positive_rate(_first(tree, RATES))
    duration_s = positive_rate(_first(tree, ("totalTime",)))
    if rate is None and duration_s is not None and traces is not None:
        return float(max(traces.shape) / duration_s)
    return rate


def _labels(tree: Tree) -> dict[str, NDArray[Any]]:
    """Labels of 1 to 4; numbers of another meaning are no labels."""
    values = _first(tree, LABELS)
    if values is None or not np.all(np.isin(np.nan_to_num(values), (0, 1, 2, 3, 4))):
        return {}
    return {"labels": values.ravel()}
