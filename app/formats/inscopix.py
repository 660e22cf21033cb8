"""Inscopix: a cell set (.isxd), through roiextractors and Inscopix's own library.

The file is all masks and traces as float32, then a JSON text, a zero byte and the text's length
(8 bytes, little-endian). That footer is checked first: the native library is not told sizes that
the file does not have.
"""

import json
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.assembling import assemble
from app.formats.footprint import from_dense
from app.formats.limits import ReadLimits
from app.formats.problems import BadContent, check_size
from app.formats.source import ReadOptions, Source, TraceTable, positive_rate

LENGTH_BYTES = 8
MAX_FOOTER_BYTES = 256 << 20
CELL_SET_TYPE = 1
STATUS_LABELS = {"accepted": 1, "rejected": 3, "undecided": 4}
"""Undecided by a person is what Somata calls doubtful."""


class InscopixReader:
    """Reads one cell set."""

    name = "inscopix"

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format."""
        return path.is_file() and _has_footer(path)

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings it holds."""
        _check_footer(path, options.limits)
        with _named_isxd(path) as named:
            masks, traces, rate, statuses = _content(named)
        source = Source(
            source_format=self.name,
            footprints=(from_dense(masks[:, :, index]) for index in range(masks.shape[2])),
            # Not the extractor's get_frame_shape(): it has height and width exchanged.
            field_shape_px=(int(masks.shape[0]), int(masks.shape[1])),
            traces=TraceTable(traces, axis=0),
            frame_rate_hz=positive_rate(rate),
            labels={"inscopix status": _status_labels(statuses)},
        )
        return [assemble(source, options)]


@contextmanager
def _named_isxd(path: Path) -> Iterator[Path]:
    """The file under a name that ends in .isxd: Inscopix's library opens no other."""
    if path.suffix == ".isxd":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="somata-isxd-") as folder:
        named = Path(folder, "cells.isxd")
        named.symlink_to(path.absolute())
        yield named


def _content(path: Path) -> tuple[NDArray[Any], NDArray[Any], float, Any]:
    """Masks (height, width, cells), traces (cells, frames), rate in Hz, a status a cell."""
    # Both load native code, so not before such a file comes.
    from roiextractors import InscopixSegmentationExtractor

    try:
        extractor = InscopixSegmentationExtractor(path)
        return (
            np.asarray(extractor.get_roi_image_masks()),
            np.asarray(extractor.get_traces()),
            extractor.get_sampling_frequency(),
            extractor.get_property("cell_status", ids=extractor.get_roi_ids()),
        )
    except Exception as cause:  # Inscopix's library raises nothing more exact
        raise BadContent(
            "cannot be read by Inscopix's library. Export the cell set again."
        ) from cause


def _status_labels(statuses: Any) -> NDArray[np.int8]:
    return np.array([STATUS_LABELS.get(str(status), 0) for status in statuses], dtype=np.int8)


def _footer_bytes(path: Path) -> bytes | None:
    """The JSON text at the file's end, or None where there is none."""
    size = path.stat().st_size
    if size < LENGTH_BYTES + 3:
        return None
    with path.open("rb") as stream:
        stream.seek(size - LENGTH_BYTES)
        (length,) = struct.unpack("<Q", stream.read(LENGTH_BYTES))
        if not 2 <= length <= min(MAX_FOOTER_BYTES, size - LENGTH_BYTES - 1):
            return None
        stream.seek(size - LENGTH_BYTES - 1 - length)
        text = stream.read(length)
    return text if text.startswith(b"{") else None


def _has_footer(path: Path) -> bool:
    text = _footer_bytes(path)
    return text is not None and b'"producer"' in text and b'"spacingInfo"' in text


def _check_footer(path: Path, limits: ReadLimits) -> None:
    text = _footer_bytes(path)
    if text is None:
        raise BadContent("is cut short or no Inscopix file: its end holds no description.")
    try:
        footer = json.loads(text)
        cells = len(footer["CellNames"])
        pixels = footer["spacingInfo"]["numPixels"]
        height, width = int(pixels["y"]), int(pixels["x"])
        frames = int(footer["timingInfo"]["numTimes"])
    except (ValueError, KeyError, TypeError) as cause:
        raise BadContent(
            "is an Inscopix file but no cell set. Export the cell set, not the movie."
        ) from cause
    if footer.get("type") != CELL_SET_TYPE:
        raise BadContent("is an Inscopix file but no cell set. Export the cell set.")
    if min(cells, height, width) < 1 or frames < 0 or max(height, width) > limits.max_side_px:
        raise BadContent(f"declares {cells} cells of {height}x{width} pixels, {frames} frames.")
    needed = cells * (height * width + frames) * 4
    check_size(needed, limits.max_unpacked_bytes, "the cell set")
    if needed > path.stat().st_size:
        raise BadContent("is cut short: its description promises more than the file holds.")
