"""`serve`: the web server, and one worker under it that is started again if it dies."""

import gc
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from app.actions import accounts
from app.actions.context import make_context
from app.domain.errors import SomataError
from app.locking import DataFolderLock
from app.main import create_app
from app.settings import Settings
from app.storage import migrate

log = structlog.get_logger()

WORKER_STOP_S = 15.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
AT_ONCE_S = 10.0
"""A worker that ends sooner has hardly begun: loading torch takes some seconds of it."""


class PortTaken(SomataError):
    """Another program listens there."""

    title = "Port taken"


def serve(settings: Settings, *, with_worker: bool) -> None:
    """Serve until SIGINT or SIGTERM. Raises AlreadyRunning or PortTaken."""
    # uvicorn ends in order and then repeats the signal, which alone would end us on the spot.
    signal.signal(signal.SIGTERM, stop_like_ctrl_c)
    with DataFolderLock(settings.data_dir) as lock:
        listening = listen(settings.host, settings.port)
        address = (settings.public_url or address_of(listening)).rstrip("/")
        lock.show_address(address)
        keep_temporary_files_in(settings.data_dir / "incoming")
        context = make_context(settings)
        migrate.upgrade(context.database)
        app = create_app(settings, context)
        worker = WorkerProcess() if with_worker else None
        if worker is not None:
            worker.start()
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            # Watchers of a training hold their streams open; a stop does not wait for them.
            timeout_graceful_shutdown=3,
            proxy_headers=settings.public_url is not None,
        )
        server = AnnouncingServer(config, lambda: announce(address, invite()))

        def invite() -> str | None:
            return accounts.first_admin_invite(context)

        # What is loaded by now stays for ever; the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            # uvicorn has shut down in order and repeats the signal for whoever called it.
            pass
        finally:
            if worker is not None:
                worker.stop()
            print("Somata has stopped.", flush=True)


def stop_like_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    """What SIGTERM does: the same as SIGINT."""
    raise KeyboardInterrupt


def keep_temporary_files_in(folder: Path) -> None:
    """Let uploads arrive and unpack on the disk that is to hold them; /tmp is often too small.

    What a server that was killed has left there is removed: the caller holds the folder's lock.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder.resolve())


def announce(address: str, invite: str | None) -> None:
    """The lines that a person who starts Somata reads."""
    if invite is None:
        print(f"Somata is at {address}  (Ctrl-C stops it)", flush=True)
        return
    print(
        f"Somata is ready. Open this link to become its first admin (it works once):\n"
        f"  {address}/invite/{invite}",
        flush=True,
    )


class AnnouncingServer(uvicorn.Server):
    """Says that it is ready when it is, and not before."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTaken with the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"Cannot listen on {host} port {port} ({error.strerror}). Set SOMATA_PORT to a free "
            "port, or SOMATA_HOST to an address of this machine."
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The http address of a socket, as a browser on this machine reaches it."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
    return f"http://{f'[{shown}]' if ':' in shown and shown[0] != '[' else shown}:{port}"


class Pauses:
    """How long to wait before a worker that died is started again.

    Twice as long with each that dies at once after another did: it would only die again. One that
    worked before it died is no sign of that, and its job waits.
    """

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    def after(self, lived_s: float) -> float:
        """The pause in seconds after a worker that lived so long."""
        if lived_s >= AT_ONCE_S:
            self._next_s = FIRST_PAUSE_S
            return FIRST_PAUSE_S
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_PAUSE_S)
        return pause_s


class WorkerProcess:
    """A worker in a process of its own, so that neither torch nor its death is ours."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        # So that none is launched behind the back of `stop`.
        self._changing = threading.Lock()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Start it and keep it started."""
        self._launch()
        self._watching.start()

    @property
    def started(self) -> bool:
        """Whether it was started."""
        return self._process is not None

    def stop(self) -> None:
        """End it: its standard input closes, and it has some seconds to put its job back."""
        with self._changing:
            self._stopping.set()
            process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(WORKER_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _launch(self) -> None:
        # The pipe tells the worker when we are gone, even by SIGKILL. In a session of its own it
        # does not get our Ctrl-C, which we pass on in our own time.
        with self._changing:
            if self._stopping.is_set():
                return
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "worker", "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def _watch(self) -> None:
        pauses = Pauses()
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._process.wait() if self._process is not None else None
            if self._stopping.is_set():
                return
            pause_s = pauses.after(time.monotonic() - started)
            log.error("the worker died and is started again", code=code, in_seconds=pause_s)
            if self._stopping.wait(pause_s):
                return
            self._launch()
