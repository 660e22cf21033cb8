"""A server as people run it, in a process of its own, and a connection to it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PORT_WAIT_S = 30.0


@dataclass(frozen=True)
class Memory:
    """What a process has in memory, in MB.

    own: pages that are its alone. mapped: pages of files, above all those of the database that
    SQLite maps; the system takes them back as it likes.
    """

    own: float
    mapped: float


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    process: psutil.Process

    def memory(self) -> Memory:
        """Its memory now."""
        found = self.process.memory_info()
        return Memory((found.rss - found.shared) / 1e6, found.shared / 1e6)

    def processor_s(self) -> float:
        """Processor time that it has used, in seconds."""
        used = self.process.cpu_times()
        return used.user + used.system


@contextmanager
def serving(data_dir: Path, *, with_worker: bool = False, **settings: object) -> Iterator[Server]:
    """`serve` as people run it; without the worker where that would have nothing to do.

    settings: others than the usual ones, by their names in `app/settings.py`.
    """
    port = free_port()
    given = {"data_dir": data_dir, "port": port, **settings}
    environment = {
        **os.environ,
        **{f"SOMATA_{name.upper()}": str(value) for name, value in given.items()},
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", *(() if with_worker else ("--no-worker",))],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(Client(port, ""), PORT_WAIT_S)
        yield Server(port, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_until_healthy(client: "Client", patience_s: float) -> None:
    """Return when GET /health is answered. Raises SystemExit where it is not."""
    give_up_at = time.monotonic() + patience_s
    while time.monotonic() < give_up_at:
        try:
            client.get("/health")
            return
        except OSError:
            time.sleep(0.1)
        finally:
            client.connection.close()
    raise SystemExit("the server did not start")


class Client:
    """One keep-alive connection, as a browser has it.

    base: what every path begins with. scheme: what the token is called.
    """

    def __init__(
        self, port: int, token: str, base: str = "/api/v1", scheme: str = "Bearer"
    ) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"{scheme} {token}", "Content-Type": "application/json"}
        self.base = base

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds and body."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, Any]:
        """Seconds and parsed body."""
        seconds, answer = self._ask("POST", path, json.dumps(body).encode())
        return seconds, json.loads(answer)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[float, bytes]:
        started = time.perf_counter()
        self.connection.request(method, self.base + path, body, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return time.perf_counter() - started, answer
