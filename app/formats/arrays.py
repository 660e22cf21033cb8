"""Plain arrays: an .npz, an .npy of masks, or a folder with masks.npy, traces.npy, labels.npy.

Keys: `masks` (components, 50, 50) crops or (components, height, width) footprints; optional
`traces`, `labels`, `annotator_labels` (components, annotators), `frame_rate_hz` or `fps`,
`neuron_radius_px` (with `mask_scale`: the crops are rescaled already),
`summary_image` (height, width), `mean`, `correlation`, `max`, `footprints` images, `centroid`
(components, 2) y and x, `field_shape`, `source_indices`, `annotators`.
"""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import MASK_SIZE_PX, Recording
from app.formats.assembling import assemble
from app.formats.footprint import Footprint, from_dense, from_flat, from_stack
from app.formats.limits import ReadLimits
from app.formats.npy import read_numbers
from app.formats.problems import BadContent, check_size
from app.formats.source import ReadOptions, Source, TraceTable, positive_rate

NPY_MAGIC = b"\x93NUMPY"
IMAGE_KEYS = {
    "mean": ("mean", "mean_image", "meanImg"),
    "correlation": ("correlation", "correlation_image", "Cn"),
    "max": ("max", "max_proj", "max_image"),
    "footprints": ("footprints",),
}
LABEL_KEYS = ("labels", "label", "initial_label")


class ArraysReader:
    """Reads plain numpy arrays; nothing in them is ever unpickled."""

    name = "arrays"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        if path.is_dir():
            return (path / "masks.npy").is_file()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            plain = all(name.endswith(".npy") and "/" not in name for name in names)
            return "masks.npy" in names or (bool(names) and plain and "stat.npy" not in names)
        with path.open("rb") as stream:
            return stream.read(len(NPY_MAGIC)) == NPY_MAGIC

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        with _opened(path, options.limits) as arrays:
            return [assemble(_source(arrays), options)]


class _Arrays:
    """The named arrays of a file or folder, each read when it is asked for."""

    def __init__(self, names: dict[str, Any], limits: ReadLimits) -> None:
        self.names = names
        self.limits = limits

    def get(self, *keys: str) -> NDArray[Any] | None:
        for key in keys:
            if key in self.names:
                with self.names[key]() as stream:
                    return read_numbers(stream, f"{key}.npy", self.limits)
        return None


@contextmanager
def _opened(path: Path, limits: ReadLimits) -> Iterator[_Arrays]:
    if path.is_dir():
        yield _Arrays({file.stem: _opener(file) for file in path.glob("*.npy")}, limits)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield _Arrays(_members(archive, limits), limits)
    else:
        yield _Arrays({"masks": _opener(path)}, limits)


def _opener(path: Path) -> Any:
    return lambda: path.open("rb")


def _members(archive: zipfile.ZipFile, limits: ReadLimits) -> dict[str, Any]:
    members = {}
    for info in archive.infolist():
        if info.flag_bits & 0x1:
            raise BadContent("is encrypted. Save it without a password.")
        if info.filename.endswith(".npy") and "/" not in info.filename:
            members[info.filename.removesuffix(".npy")] = _member_opener(archive, info, limits)
    return members


def _member_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ReadLimits) -> Any:
    def open_member() -> IO[bytes]:
        check_size(info.file_size, limits.max_unpacked_bytes, info.filename)
        return archive.open(info)

    return open_member


def _source(arrays: _Arrays) -> Source:
    masks = arrays.get("masks")
    if masks is None:
        found = ", ".join(sorted(arrays.names)) or "no arrays"
        raise BadContent(
            f"has no array 'masks' (found: {found}). Save the masks as 'masks', (components, "
            "50, 50) or (components, height, width)."
        )
    notes: list[str] = []
    traces = arrays.get("traces")
    labels = _labels(arrays)
    shape = _field_shape(arrays)
    counts = {len(values) for values in labels.values()}
    counts |= set(traces.shape[:2]) if traces is not None else set()
    source = Source(
        source_format="arrays",
        traces=None if traces is None else TraceTable(traces),
        frame_rate_hz=_rate(arrays, notes),
        summary_images=_images(arrays),
        labels=labels,
        notes=notes,
    )
    if "mask_scale" in arrays.names and masks.shape[1:] == (MASK_SIZE_PX, MASK_SIZE_PX):
        source.crops, source.field_shape_px = masks, shape  # as write_arrays leaves them
    else:
        _place_masks(source, masks, shape, counts)
    radius_px = positive_rate(arrays.get("neuron_radius_px"))
    if source.crops is None:
        source.suggested_radius_px = radius_px
    else:
        _place_crops(source, arrays)
        if "mask_scale" in arrays.names:
            source.scaled_by_radius_px = radius_px
        else:
            source.suggested_radius_px = radius_px
    return source


def _place_masks(
    source: Source, masks: NDArray[Any], shape: tuple[int, int] | None, counts: set[int]
) -> None:
    """Say whether the masks are crops or footprints of the field, and which axis counts them.

    counts: lengths of the labels and the traces' axes, to tell (height, width, components).
    """
    if masks.ndim == 2:
        source.field_shape_px = _flat_field(masks, shape)
        source.footprints = _flat_footprints(masks, source.field_shape_px, source.notes)
        return
    if masks.ndim != 3 or 0 in masks.shape[1:]:
        raise BadContent(
            f"masks.npy has shape {masks.shape}. Save it as (components, 50, 50) or "
            "(components, height, width)."
        )
    if _components_last(masks.shape, shape, counts):
        source.notes.append("The masks were stored with components last and have been turned.")
        masks = np.moveaxis(masks, 2, 0)
    side = (MASK_SIZE_PX, MASK_SIZE_PX)
    crop_field = shape or _image_shape(source.summary_images)
    if masks.shape[1:] == side and crop_field != side:
        source.crops = masks
        source.field_shape_px = crop_field
        return
    if shape is not None and masks.shape[1:] == shape[::-1] and masks.shape[1:] != shape:
        source.notes.append("The masks were stored as (width, height) and have been turned.")
        masks = masks.swapaxes(1, 2)
    elif shape is not None and masks.shape[1:] != shape:
        source.notes.append(
            f"field_shape {shape} is not the masks' {masks.shape[1:]}; the masks' is taken."
        )
    source.field_shape_px = (int(masks.shape[1]), int(masks.shape[2]))
    source.footprints = from_stack(masks)


def _components_last(own: tuple[int, ...], shape: tuple[int, int] | None, counts: set[int]) -> bool:
    side = (MASK_SIZE_PX, MASK_SIZE_PX)
    if own[1:] in (side, shape):
        return False
    if own[:2] in (side, shape):
        return True
    return own[0] not in counts and own[2] in counts


def _flat_field(masks: NDArray[Any], shape: tuple[int, int] | None) -> tuple[int, int]:
    if shape is None:
        if masks.shape in ((MASK_SIZE_PX, MASK_SIZE_PX),):
            return MASK_SIZE_PX, MASK_SIZE_PX
        raise BadContent(
            f"masks.npy has shape {masks.shape}: flat masks need 'field_shape' (height, width)."
        )
    if shape[0] * shape[1] not in masks.shape:
        raise BadContent(f"masks.npy of shape {masks.shape} does not fit field_shape {shape}.")
    return shape


def _flat_footprints(
    masks: NDArray[Any], shape: tuple[int, int], notes: list[str]
) -> Iterator[Footprint]:
    pixels = shape[0] * shape[1]
    if masks.shape == shape and masks.shape[1] != pixels:
        yield from_dense(masks)
        return
    if masks.shape[1] == pixels:
        for row in masks:
            yield from_dense(row.reshape(shape))
        return
    notes.append("Masks of (pixels, components) were read in CaImAn's order, down the columns.")
    for column in masks.T:
        flat = np.nonzero(column)[0]
        yield from_flat(flat, column[flat], shape, "F")


def _place_crops(source: Source, arrays: _Arrays) -> None:
    crops = source.crops
    assert crops is not None
    centroids = arrays.get("centroids_px", "centroids", "centroid")
    if centroids is not None and (
        centroids.shape != (len(crops), 2) or not np.all(np.isfinite(centroids))
    ):
        source.notes.append("The centroids were left out: they must be finite, (components, 2).")
        centroids = None
    if centroids is None:
        source.notes.append("The masks' places in the field are unknown.")
    source.centroids_px = centroids
    source.source_indices = arrays.get("source_indices")


def _labels(arrays: _Arrays) -> dict[str, NDArray[Any]]:
    labels = {}
    for key in LABEL_KEYS:
        values = arrays.get(key)
        if values is not None:
            labels["labels" if key == "label" else key] = values
    several = arrays.get("annotator_labels")
    if several is not None and several.ndim == 2:
        names = _annotators(arrays, several.shape[1])
        for column, name in enumerate(names):
            labels[name] = several[:, column]
    return labels


def _annotators(arrays: _Arrays, count: int) -> list[str]:
    """Names written by `write_arrays` (UTF-8 bytes, one a line), or 'annotator 1' and so on."""
    stored = arrays.get("annotators")
    if stored is not None and stored.dtype == np.uint8 and stored.ndim == 1:
        names = stored.tobytes().decode("utf-8").split("\n")
        if len(set(names)) == count:
            return names
    return [f"annotator {column + 1}" for column in range(count)]


def _field_shape(arrays: _Arrays) -> tuple[int, int] | None:
    stored = arrays.get("field_shape", "field_shape_px", "dims")
    if stored is not None:
        if stored.size == 2 and not stored.any():
            return None
        if stored.size != 2 or not np.all(np.isfinite(stored)) or np.any(stored < 1):
            raise BadContent("field_shape must be two numbers: height and width in pixels.")
        return int(stored.flat[0]), int(stored.flat[1])
    return None


def _image_shape(images: dict[str, NDArray[Any]]) -> tuple[int, int] | None:
    shapes = [image.shape for image in images.values() if image.ndim == 2]
    return (shapes[0][0], shapes[0][1]) if shapes else None


def _rate(arrays: _Arrays, notes: list[str]) -> float | None:
    stored = arrays.get("frame_rate_hz", "frame_rate", "fps", "fs")
    rate = positive_rate(stored)
    if stored is not None and rate is None:
        notes.append("The frame rate was left out: it is not one number above 0.")
    return rate


def _images(arrays: _Arrays) -> dict[str, NDArray[Any]]:
    found = {}
    for kind, keys in IMAGE_KEYS.items():
        image = arrays.get(*keys)
        if image is not None:
            found[kind] = image
    image = arrays.get("summary_image")
    if image is not None:
        found.setdefault("mean", image)
    return found
