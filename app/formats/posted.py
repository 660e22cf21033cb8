"""Masks posted by a program: the bytes of an .npy array or of an .npz with one."""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.formats.limits import ReadLimits
from app.formats.npy import read_numbers
from app.formats.problems import BadContent, user_errors

MEMBER = "masks.npy"


def read_posted_masks(body: bytes, limits: ReadLimits) -> NDArray[np.float32]:
    """The array in the body, as float32; of an .npz the one named `masks`, or the only one.

    Its shape is the caller's to check. Raises UnreadableFile or FileTooLarge.
    """
    with user_errors(Path("body")):
        if body.startswith(b"PK"):
            return _from_npz(body, limits)
        masks = read_numbers(io.BytesIO(body), "The array", limits)
        return masks.astype(np.float32)


def _from_npz(body: bytes, limits: ReadLimits) -> NDArray[np.float32]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        if MEMBER not in names and len(names) != 1:
            raise BadContent(
                f"The .npz holds {len(names)} arrays and none is named 'masks'. Save it with "
                "np.savez(file, masks=masks)."
            )
        name = MEMBER if MEMBER in names else names[0]
        with archive.open(name) as member:
            return read_numbers(member, name, limits).astype(np.float32)
