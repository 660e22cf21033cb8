"""One server a data folder, held by the operating system: it is let go however we end."""

import fcntl
import os
from pathlib import Path

from app.domain.errors import AlreadyRunning


class DataFolderLock:
    """Held while a server (or a restore) owns the data folder.

    The file says who holds it: the process, and the address it serves where it does.
    """

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
            os.close(descriptor)
            raise AlreadyRunning(
                f"Somata is running on the data folder {self.file.parent} already (process "
                f"{' at '.join(holder_of(self.file)) or 'unknown'}). Stop it first, or set "
                "SOMATA_DATA_DIR to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return self

    def show_address(self, address: str) -> None:
        """Say where this process serves, for other commands on the same data folder."""
        if self._descriptor is not None:
            os.write(self._descriptor, f"{address}\n".encode())

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder_of(file: Path) -> list[str]:
    """What the holder of a lock file says of itself: its process and, if it serves, its address."""
    return file.read_text(errors="replace").split()[:2]


def address_served(data_dir: Path) -> str | None:
    """Where a running server serves this data folder, or None where none does."""
    file = data_dir / "somata.lock"
    if not file.exists():
        return None
    with file.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return next((word for word in holder_of(file) if word.startswith("http")), None)
    # Nobody holds it: what it says is of a server that has ended.
    return None
