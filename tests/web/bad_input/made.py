"""Files to send, good ones and parts of bad ones."""

import io
import zipfile

import numpy as np

from tests.support.loop import API
from tests.support.recordings import masks_of

RECORDINGS = f"{API}/recordings"
MAX_UPLOAD_MB = 20
MASKS = masks_of(np.array([1, 2, 3, 4], np.int8))


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **arrays)
    return buffer.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = npz(masks=MASKS)
