"""MATLAB files of both kinds as nested dictionaries of arrays in MATLAB's own axis order.

Version 5 comes through scipy.io; version 7.3 is HDF5, with every array's axes reversed and
sparse matrices as groups of `data`, `ir` and `jc`.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from app.formats.hdf5 import check_dataset, is_hdf5, opened
from app.formats.limits import ReadLimits
from app.formats.npy import NUMBER_KINDS
from app.formats.problems import BadContent, check_size
from app.formats.sparse import check_columns

HEADER_BYTES = 128
MAX_DEPTH = 4
COMPRESSED = 15
CHUNK_BYTES = 1 << 20

Tree = dict[str, Any]
"""Names to arrays (MATLAB's order), scipy.sparse matrices, or trees."""


def is_sparse(value: Any) -> bool:
    """Whether a value is one of scipy's sparse matrices."""
    from scipy import sparse

    return bool(sparse.issparse(value))


def is_matlab(path: Path) -> bool:
    """Whether a file begins as MATLAB writes it."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(8) == b"MATLAB 5" or (is_hdf5(path) and _is_73(path))


def _is_73(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(10) == b"MATLAB 7.3"


def load(path: Path, limits: ReadLimits) -> Tree:
    """All numeric variables of a file. Raises BadContent or FileTooLarge."""
    if is_hdf5(path):
        with opened(path, limits) as file:
            return _group(file, limits, 0)
    _check_unpacked(path, limits)
    # Not at the top: it takes about a second, which every start of the server would pay.
    from scipy import io as scipy_io

    try:
        values = scipy_io.loadmat(path, simplify_cells=True)
    except NameError as cause:
        # scipy's compiled reader trips over a variable of its own on some damaged headers.
        raise BadContent(
            "is damaged: a variable's header makes no sense. Copy it again."
        ) from cause
    return _plain_tree(values, 0)


def _check_unpacked(path: Path, limits: ReadLimits) -> None:
    """Unpack every compressed variable without keeping it, and stop at the limit."""
    with path.open("rb") as stream:
        header = stream.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            raise BadContent("is cut short: MATLAB's header is not whole.")
        order = "<" if header[126:128] == b"IM" else ">"
        total = 0
        while len(tag := stream.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            if kind == COMPRESSED:
                total += _unpacked_bytes(stream.read(size), limits.max_unpacked_bytes - total)
            else:
                total += size
                stream.seek(size, 1)
            check_size(total, limits.max_unpacked_bytes, "what the MATLAB file unpacks to")


def _unpacked_bytes(packed: bytes, left: int) -> int:
    unpacker = zlib.decompressobj()
    total = 0
    while packed and total <= left:
        total += len(unpacker.decompress(packed, CHUNK_BYTES))
        packed = unpacker.unconsumed_tail
    return total


def _plain_tree(values: dict[str, Any], depth: int) -> Tree:
    from scipy import sparse

    tree: Tree = {}
    for name, value in values.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            tree[name] = _plain_tree(value, depth + 1)
        elif is_sparse(value):
            tree[name] = sparse.csc_matrix(value)
        elif isinstance(value, (int, float)):
            tree[name] = np.asarray(value)
        elif isinstance(value, np.ndarray) and value.dtype.kind in NUMBER_KINDS:
            tree[name] = value
    return tree


def _group(group: Any, limits: ReadLimits, depth: int) -> Tree:
    tree: Tree = {}
    for name in group:
        if name.startswith("#") or isinstance(group.get(name, getlink=True), h5py.SoftLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Group) and "MATLAB_sparse" in item.attrs:
            tree[name] = _sparse(item, limits)
        elif isinstance(item, h5py.Group) and depth < MAX_DEPTH:
            tree[name] = _group(item, limits, depth + 1)
        elif isinstance(item, h5py.Dataset):
            _add_dataset(tree, name, item, limits, depth)
    return tree


def _add_dataset(tree: Tree, name: str, item: Any, limits: ReadLimits, depth: int) -> None:
    if "MATLAB_empty" in item.attrs or item.shape is None:
        return
    if item.dtype == h5py.ref_dtype and depth < MAX_DEPTH:
        # A struct array or cell: its first element may be the struct we look for.
        if item.size == 1 and isinstance(target := item.file[item[()].ravel()[0]], h5py.Group):
            tree[name] = _group(target, limits, depth + 1)
    elif item.dtype.kind in NUMBER_KINDS:
        check_dataset(item, limits)
        tree[name] = np.asarray(item[()]).T


def _sparse(group: Any, limits: ReadLimits) -> Any:
    from scipy import sparse

    n_rows = int(group.attrs["MATLAB_sparse"])
    starts = group["jc"]
    parts = [group.get(key) for key in ("data", "ir")]
    for part in (starts, *parts):
        if part is not None:
            check_dataset(part, limits)
    weights, rows = (np.zeros(0) if part is None else part[()].ravel() for part in parts)
    columns = starts[()].ravel().astype(np.int64)
    check_columns(weights, rows, columns, n_rows)
    shape = (n_rows, len(columns) - 1)
    return sparse.csc_matrix((weights, rows.astype(np.int64), columns), shape=shape)
