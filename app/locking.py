"""One server a data folder, held by the operating system: it is let go however we end."""

import fcntl
import os
from pathlib import Path

from app.domain.errors import AlreadyRunning


class DataFolderLock:
    """Held while a server (or a restore) owns the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.file = data_dir / "somata.lock"
        self._descriptor: int | None = None

    def __enter__(self) -> "DataFolderLock":
        """Take it. Raises AlreadyRunning with who holds it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 40).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"Somata is running on the data folder {self.file.parent} already (process "
                f"{holder}). Stop it first, or set SOMATA_DATA_DIR to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
