"""Small files of each kind, stating only what a test is about."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy import sparse

FIELD = (60, 80)


def disc(y: float, x: float, radius: float = 4.0, shape: tuple[int, int] = FIELD) -> np.ndarray:
    """A round footprint, brightest in the middle; not symmetric under transposition of places."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    distance = np.hypot(rows - y, columns - x)
    return np.where(distance <= radius, 1.0 + radius - distance, 0.0).astype(np.float32)


def discs() -> np.ndarray:
    """Three cells at (20, 30), (40, 50) and (5, 70): (3, 60, 80)."""
    return np.stack([disc(20, 30), disc(40, 50), disc(5, 70)])


def some_traces(n: int = 3, frames: int = 40) -> np.ndarray:
    """Each trace differs from the others by a hundred."""
    return (np.arange(n)[:, None] * 100 + np.arange(frames)).astype(np.float32)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def save_objects(path: Path, value: Any, shape: tuple[int, ...] | None = None) -> None:
    """An .npy of Python objects, with numpy's own pickling."""
    array = np.empty(() if shape is None else shape, dtype=object)
    if shape is None:
        array[()] = value
    else:
        array[:] = value
    np.save(path, array, allow_pickle=True)


def save_pickle(path: Path, payload: bytes, shape: tuple[int, ...] = ()) -> None:
    """An .npy of Python objects whose pickle is `payload`, whatever that does."""
    with path.open("wb") as stream:
        header = {"descr": "|O", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(payload)


def roi(footprint: np.ndarray, **changes: Any) -> dict[str, Any]:
    ys, xs = np.nonzero(footprint)
    return {"ypix": ys, "xpix": xs, "lam": footprint[ys, xs], "med": [0, 0], **changes}


def suite2p(folder: Path, rois: list[Any] | None = None, **changes: Any) -> Path:
    """A plane folder of three cells; `changes` replace or (None) leave out parts of ops."""
    folder.mkdir(parents=True, exist_ok=True)
    rois = [roi(footprint) for footprint in discs()] if rois is None else rois
    save_objects(folder / "stat.npy", rois, (len(rois),))
    ops = {"Ly": FIELD[0], "Lx": FIELD[1], "fs": 15.0, "meanImg": discs().sum(0), **changes}
    save_objects(folder / "ops.npy", {k: v for k, v in ops.items() if v is not None})
    np.save(folder / "F.npy", some_traces(len(rois)))
    np.save(folder / "Fneu.npy", np.ones_like(some_traces(len(rois))))
    np.save(folder / "iscell.npy", np.array([[1, 0.9], [0, 0.1], [1, 0.6]])[: len(rois)])
    return folder


def caiman(path: Path, **changes: Any) -> Path:
    """A cnmf.save file; `changes` are parts of `estimates` (None is written as 'NoneType')."""
    columns = np.stack([footprint.ravel(order="F") for footprint in discs()], axis=1)
    matrix = sparse.csc_matrix(columns)
    parts = {"C": some_traces(), "F_dff": None, "Cn": None, "dims": np.array(FIELD)}
    parts |= {"idx_components": np.array([0, 2]), "idx_components_bad": np.array([1])}
    with h5py.File(path, "w") as file:
        estimates = file.create_group("estimates")
        a = estimates.create_group("A")
        for name in ("data", "indices", "indptr"):
            a[name] = getattr(matrix, name)
        a["shape"] = np.array(matrix.shape)
        for name, value in {**parts, **changes}.items():
            estimates[name] = "NoneType" if value is None else value
        file["params/data/fr"] = 20.0
        file["dims"] = np.array(FIELD)
    return path


def nwb(path: Path, **changes: Any) -> Path:
    """An NWB file with one plane; `changes` are datasets of the PlaneSegmentation."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        file["session_start_time"] = "2024-01-01"
        plane = file.create_group("processing/ophys/ImageSegmentation/PlaneSegmentation")
        plane.attrs["neurodata_type"] = "PlaneSegmentation"
        for name, value in {"id": np.arange(3), "image_mask": discs(), **changes}.items():
            if value is not None:
                plane[name] = value
        add_series(file, plane, "Fluorescence", some_traces().T, np.arange(3))
    return path


def add_series(file: Any, plane: Any, kind: str, data: np.ndarray, rois: np.ndarray) -> None:
    series = file.create_group(f"processing/ophys/{kind}/RoiResponseSeries")
    series.attrs["neurodata_type"] = "RoiResponseSeries"
    series.parent.attrs["neurodata_type"] = kind
    series["data"] = data
    series["rois"] = rois
    series["rois"].attrs["table"] = plane.ref
    series["starting_time"] = 0.0
    series["starting_time"].attrs["rate"] = 12.5


def zipped(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    return path


class Boom:
    """Unpickled by the usual ways, it would make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return exec, (f"open({str(self.target)!r}, 'w').close()",)


def booming(target: Path) -> bytes:
    return pickle.dumps(Boom(target))
