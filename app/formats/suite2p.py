"""Suite2p: a plane folder of stat.npy, ops.npy, F.npy, Fneu.npy and iscell.npy.

The verified tables are read here and not through roiextractors, which would load stat.npy and
ops.npy as live pickles, from the path, after any check of ours.
Source of the fields: https://suite2p.readthedocs.io/en/latest/outputs.html
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.footprint import Footprint, from_pixels
from app.formats.images import placed
from app.formats.limits import ReadLimits
from app.formats.npy import read_npy_file
from app.formats.problems import BadContent
from app.formats.safe_pickle import load_object_array
from app.formats.source import ReadOptions, Source, TraceTable, positive_rate

NEUROPIL_PART = 0.7
IMAGES = {"mean": "meanImg", "correlation": "Vcorr", "max": "max_proj"}
CROPPED = ("Vcorr", "max_proj")


class Suite2pReader:
    """Reads one plane folder."""

    name = "suite2p"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        return path.is_dir() and (path / "stat.npy").is_file()

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        if not (path / "stat.npy").is_file():
            raise BadContent("has no stat.npy. Give the plane folder that Suite2p wrote.")
        limits = options.limits
        notes: list[str] = []
        rois = load_object_array(path / "stat.npy", limits)
        ops = _read_ops(path, limits, notes)
        if not isinstance(rois, list) or not all(isinstance(roi, dict) for roi in rois):
            raise BadContent("stat.npy is no list of Suite2p ROIs.")
        footprints = [_footprint(roi, index) for index, roi in enumerate(rois)]
        shape = _field_shape(ops, footprints, notes)
        source = Source(
            source_format=self.name,
            footprints=from_zero(footprints, shape, notes),
            field_shape_px=shape,
            traces=_traces(path, limits, ops, notes),
            frame_rate_hz=positive_rate(ops.get("fs")),
            summary_images=_summary_images(ops, shape),
            labels=_iscell(path, limits),
            notes=notes,
        )
        return [assemble(source, options)]


def _read_ops(path: Path, limits: ReadLimits, notes: list[str]) -> dict[str, Any]:
    if not (path / "ops.npy").is_file():
        notes.append("There is no ops.npy: frame rate and summary images are unknown.")
        return {}
    ops = load_object_array(path / "ops.npy", limits)
    if not isinstance(ops, dict):
        raise BadContent("ops.npy is no table of Suite2p settings.")
    return ops


def _footprint(roi: dict[str, Any], index: int) -> Footprint:
    missing = [key for key in ("ypix", "xpix", "lam") if key not in roi]
    if missing:
        raise BadContent(f"stat.npy: ROI {index} has no {', '.join(missing)}.")
    return from_pixels(roi["ypix"], roi["xpix"], roi["lam"])


def _field_shape(
    ops: dict[str, Any], footprints: list[Footprint], notes: list[str]
) -> tuple[int, int] | None:
    if "Ly" in ops and "Lx" in ops:
        return int(ops["Ly"]), int(ops["Lx"])
    filled = [footprint for footprint in footprints if footprint.ys.size]
    if not filled:
        return None
    notes.append("The field's size is unknown; it is taken to end at the outermost footprint.")
    return (
        max(int(footprint.ys.max()) for footprint in filled) + 1,
        max(int(footprint.xs.max()) for footprint in filled) + 1,
    )


def from_zero(
    footprints: list[Footprint], shape: tuple[int, int] | None, notes: list[str]
) -> list[Footprint]:
    """Footprints with pixel coordinates from 0; those of MATLAB count from 1.

    They count from 1 where no pixel is at 0 and one lies just past the field's last.
    """
    filled = [footprint for footprint in footprints if footprint.ys.size]
    if shape is None or not filled:
        return footprints
    least = min(min(int(f.ys.min()), int(f.xs.min())) for f in filled)
    past = any(int(f.ys.max()) == shape[0] or int(f.xs.max()) == shape[1] for f in filled)
    if least < 1 or not past:
        return footprints
    notes.append("Pixel coordinates count from 1 in this file; they have been moved by one.")
    return [Footprint(f.ys - 1, f.xs - 1, f.weights) for f in footprints]


def _traces(
    path: Path, limits: ReadLimits, ops: dict[str, Any], notes: list[str]
) -> TraceTable | None:
    """F - neucoeff * Fneu, as Suite2p itself does before it deconvolves."""
    if not (path / "F.npy").is_file():
        notes.append("There is no F.npy: no traces.")
        return None
    raw = read_npy_file(path / "F.npy", limits).astype(np.float32)
    if not (path / "Fneu.npy").is_file():
        notes.append("There is no Fneu.npy: traces are F, neuropil not subtracted.")
        return TraceTable(raw)
    neuropil = read_npy_file(path / "Fneu.npy", limits)
    if neuropil.shape != raw.shape:
        notes.append(
            f"Fneu.npy has shape {neuropil.shape}, F.npy {raw.shape}: traces are F, neuropil not "
            "subtracted."
        )
        return TraceTable(raw)
    part = positive_rate(ops.get("neucoeff")) or NEUROPIL_PART
    notes.append(f"Traces are F - {part:g} Fneu.")
    return TraceTable(raw - np.float32(part) * neuropil.astype(np.float32))


def _summary_images(ops: dict[str, Any], shape: tuple[int, int] | None) -> dict[str, NDArray[Any]]:
    found = {}
    for kind, key in IMAGES.items():
        image = ops.get(key)
        if not isinstance(image, np.ndarray) or image.ndim != 2 or not image.size:
            continue
        if key in CROPPED and shape is not None:
            image = _placed(image, ops, shape)
        found[kind] = image
    return found


def _placed(image: NDArray[Any], ops: dict[str, Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Vcorr and max_proj cover only the part of the field that motion never left."""
    try:
        (top, bottom), (left, right) = ops["yrange"], ops["xrange"]
    except (KeyError, TypeError, ValueError):
        return image
    return placed(image, (int(top), int(bottom)), (int(left), int(right)), shape)


def _iscell(path: Path, limits: ReadLimits) -> dict[str, NDArray[Any]]:
    """Column 0 is the decision, made by Suite2p's classifier or by hand; column 1 its odds."""
    if not (path / "iscell.npy").is_file():
        return {}
    table = read_npy_file(path / "iscell.npy", limits)
    decided = table[:, 0] if table.ndim == 2 and table.shape[1] else table
    if decided.ndim != 1 or not np.all(np.isin(decided, (0, 1))):
        raise BadContent("iscell.npy must hold 0 or 1 for each ROI in its first column.")
    return {"suite2p iscell": np.where(decided == 1, 1, 3)}
