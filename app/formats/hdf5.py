"""HDF5 files opened so that they can neither reach other files nor ask for endless memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from app.formats.footprint import Footprint, from_dense
from app.formats.limits import MB, ReadLimits
from app.formats.npy import MAX_ITEM_BYTES, NUMBER_KINDS
from app.formats.problems import BadContent, check_size

BLOCK_BYTES = 64 * MB


def is_hdf5(path: Path) -> bool:
    """Whether a file carries HDF5's signature (MATLAB's v7.3 puts it 512 bytes in)."""
    return path.is_file() and bool(h5py.is_hdf5(path))


@contextmanager
def opened(path: Path, limits: ReadLimits) -> Iterator[Any]:
    """The file, after a walk through all its links.

    Raises BadContent for links to other files, data stored in other files, and virtual datasets:
    an uploaded file could otherwise read the server's.
    """
    if not is_hdf5(path):
        raise BadContent("is no HDF5 file, or its beginning is damaged. Copy it again.")
    with h5py.File(path, "r", locking=False) as file:
        _refuse_other_files(file, limits)
        yield file


def _refuse_other_files(file: Any, limits: ReadLimits) -> None:
    seen = {_address(file)}
    waiting = [file]
    while waiting:
        group = waiting.pop()
        for key in group:
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise BadContent(f"'{key}' is a link to another file. Save a copy without links.")
            if not isinstance(link, h5py.HardLink):
                continue
            item = group[key]
            if isinstance(item, h5py.Dataset):
                _refuse_outside_data(item)
            if isinstance(item, h5py.Group) and _address(item) not in seen:
                seen.add(_address(item))
                waiting.append(item)
            if len(seen) > limits.max_members:
                raise BadContent(f"holds more than {limits.max_members:,} groups.")


def _address(item: Any) -> int:
    return int(h5py.h5o.get_info(item.id).addr)


def _refuse_outside_data(dataset: Any) -> None:
    if dataset.external or dataset.is_virtual:
        raise BadContent(f"'{dataset.name}' keeps its data in another file. Save a full copy.")


def at(group: Any, *places: str) -> Any:
    """The first of several places that exists in a group, or None."""
    for place in places:
        item = group.get(place) if isinstance(group, h5py.Group) else None
        if item is not None:
            return item
    return None


def check_dataset(dataset: Any, limits: ReadLimits) -> None:
    """Raise where a dataset is no table of plain numbers, or declares more than the limit."""
    name = dataset.name
    if dataset.dtype.kind not in NUMBER_KINDS or dataset.dtype.itemsize > MAX_ITEM_BYTES:
        raise BadContent(f"'{name}' is of type {dataset.dtype} where numbers were expected.")
    if dataset.shape is None:
        raise BadContent(f"'{name}' is empty.")
    count = 1
    for side in dataset.shape:
        count *= int(side)
    check_size(count * dataset.dtype.itemsize, limits.max_unpacked_bytes, f"'{name}'")


def numbers(dataset: Any, limits: ReadLimits) -> NDArray[Any]:
    """A dataset's numbers. Raises BadContent where it is a group, text or absurdly large."""
    if not isinstance(dataset, h5py.Dataset):
        raise BadContent("has a group where a table of numbers was expected.")
    check_dataset(dataset, limits)
    return np.asarray(dataset[()])


def numbers_or_none(dataset: Any, limits: ReadLimits) -> NDArray[Any] | None:
    """Like `numbers`; None for what is missing or says None (CaImAn writes 'NoneType')."""
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        return None
    return numbers(dataset, limits) if dataset.dtype.kind in NUMBER_KINDS else None


def text(item: Any) -> str:
    """A scalar text dataset or attribute; '' for anything else."""
    value = item[()] if isinstance(item, h5py.Dataset) and item.shape == () else item
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def stack_footprints(dataset: Any, limits: ReadLimits, transposed: bool) -> Iterator[Footprint]:
    """Footprints of a (components, height, width) dataset, read a block at a time.

    transposed: stored as (components, width, height).
    """
    check_dataset(dataset, limits)
    one_bytes = max(1, int(np.prod(dataset.shape[1:])) * dataset.dtype.itemsize)
    block = max(1, BLOCK_BYTES // one_bytes)
    for start in range(0, dataset.shape[0], block):
        for image in dataset[start : start + block]:
            yield from_dense(image.T if transposed else image)
