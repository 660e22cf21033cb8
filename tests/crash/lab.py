"""A server with a real worker and something to train on, and the means to kill that worker."""

from pathlib import Path

import psutil

from tests.support.loop import add_small_recordings, post_labels
from tests.support.server import Server

STALE_S = 3.0
# Not nice: what is promised within seconds is not promised of a worker that stands back for
# whatever else the machine is at.
SETTINGS: dict[str, object] = {
    "worker_threads": 1,
    "worker_niceness": 0,
    "stale_seconds": STALE_S,
}


def labeled_server(data_dir: Path, **settings: object) -> Server:
    """A server with its worker, and labels of 24 components."""
    server = Server(data_dir, worker=True, settings={**SETTINGS, **settings}).start()
    add_small_recordings(server)
    with server.client() as client:
        post_labels(client, range(1, 25))
    return server


def workers_of(server: Server) -> list[psutil.Process]:
    """The worker processes under this server."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "worker" in _command_of(child)]


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        # It ended meanwhile.
        return []


def kill_worker(server: Server) -> None:
    """SIGKILL."""
    for worker in workers_of(server):
        worker.kill()
