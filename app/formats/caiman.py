"""CaImAn: the .hdf5 file of `cnmf.save`.

Read with h5py and not through roiextractors: files in the wild lack parts that its constructor
demands (params/data/fr, accepted lists), and links to other files must be refused first.
Layout: `estimates/A` is scipy's compressed-column matrix (pixels, components), each column a
field flattened in Fortran order; what is None is the text ``NoneType``. The background is in
`estimates/b`, which is not read.
Source: caiman/source_extraction/cnmf/cnmf.py and caiman/utils/utils.py of CaImAn.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.hdf5 import at, is_hdf5, numbers, numbers_or_none, opened
from app.formats.limits import ReadLimits
from app.formats.problems import BadContent
from app.formats.source import ReadOptions, Source, TraceTable, positive_rate
from app.formats.sparse import check_columns, column_footprints

TRACES = (
    ("F_dff", "Traces are F_dff (relative fluorescence)."),
    ("C", "Traces are C (denoised fluorescence)."),
)
LISTS = (("idx_components", "idx_components_bad"), ("accepted_list", "rejected_list"))
Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]


class CaimanReader:
    """Reads one saved CNMF object."""

    name = "caiman"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        if not is_hdf5(path):
            return False
        with h5py.File(path, "r", locking=False) as file:
            return file.get("estimates", getclass=True) is h5py.Group

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        with opened(path, options.limits) as file:
            return [assemble(_source(file, options.limits), options)]


def _source(file: Any, limits: ReadLimits) -> Source:
    estimates = at(file, "estimates")
    if not isinstance(estimates, h5py.Group):
        raise BadContent("has no group 'estimates'. Save it in CaImAn with cnmf.save(...).")
    notes: list[str] = []
    weights, pixels, starts, n_pixels = _columns(estimates, limits)
    shape = _dims(file, n_pixels, limits)
    check_columns(weights, pixels, starts, n_pixels)
    n_components = len(starts) - 1
    correlation = numbers_or_none(at(estimates, "Cn"), limits)
    return Source(
        source_format=CaimanReader.name,
        footprints=column_footprints(weights, pixels, starts, shape),
        field_shape_px=shape,
        traces=_traces(estimates, n_components, limits, notes),
        frame_rate_hz=positive_rate(numbers_or_none(at(file, "params/data/fr"), limits)),
        summary_images={} if correlation is None else {"correlation": correlation},
        labels=_accepted(estimates, n_components, limits, notes),
        notes=notes,
    )


def _columns(estimates: Any, limits: ReadLimits) -> Columns:
    """Weights, pixels, column starts and the number of pixels of `estimates/A`."""
    matrix = at(estimates, "A")
    if isinstance(matrix, h5py.Dataset):
        dense = numbers(matrix, limits)
        if dense.ndim != 2:
            raise BadContent("has no footprints in 'estimates/A'. Run the extraction again.")
        from scipy import sparse

        columns = sparse.csc_matrix(dense)
        return columns.data, columns.indices, columns.indptr, dense.shape[0]
    if matrix is None:
        raise BadContent("has no footprints: 'estimates/A' is missing.")
    missing = [part for part in ("data", "indices", "indptr", "shape") if part not in matrix]
    if missing:
        raise BadContent(f"'estimates/A' has no {', '.join(missing)}. Save it again with CaImAn.")
    weights, pixels, starts, size = (
        numbers(matrix[part], limits) for part in ("data", "indices", "indptr", "shape")
    )
    if size.shape != (2,) or size[0] < 1 or len(starts) != int(size[1]) + 1:
        raise BadContent("'estimates/A' declares a shape that its columns do not have.")
    return weights, pixels, starts, int(size[0])


def _dims(file: Any, n_pixels: int, limits: ReadLimits) -> tuple[int, int]:
    for place in ("estimates/dims", "dims", "params/data/dims"):
        dims = numbers_or_none(at(file, place), limits)
        if dims is None or dims.ndim != 1:
            continue
        if len(dims) == 3:
            raise BadContent("is a volume of several planes. Save one plane a file.")
        if len(dims) == 2 and int(dims[0]) * int(dims[1]) == n_pixels:
            return int(dims[0]), int(dims[1])
    raise BadContent(f"has no 'dims' that fit the {n_pixels:,} pixels of 'estimates/A'.")


def _traces(
    estimates: Any, n_components: int, limits: ReadLimits, notes: list[str]
) -> TraceTable | None:
    for key, note in TRACES:
        values = numbers_or_none(at(estimates, key), limits)
        if values is None or values.ndim != 2:
            continue
        if n_components in values.shape:
            notes.append(note)
            return TraceTable(values)
        notes.append(f"{key} was left out: {values.shape} does not fit {n_components} components.")
    return None


def _accepted(
    estimates: Any, n_components: int, limits: ReadLimits, notes: list[str]
) -> dict[str, NDArray[Any]]:
    """Accepted components are 1, rejected 3, those in neither list 0."""
    for accepted_key, rejected_key in LISTS:
        labels = np.zeros(n_components, dtype=np.int8)
        for key, code in ((rejected_key, 3), (accepted_key, 1)):
            listed = numbers_or_none(at(estimates, key), limits)
            if listed is None or not listed.size:
                continue
            indices = listed.ravel().astype(np.int64)
            inside = (indices >= 0) & (indices < n_components)
            if not inside.all():
                notes.append(f"{key} names components that the file does not have.")
            labels[indices[inside]] = code
        if labels.any():
            return {"caiman accepted": labels}
    return {}
