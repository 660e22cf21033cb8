"""The queue, the labels, the import and the export at 9,028 and at 1,000,000 components.

    python -m benchmarks.bench_scale                  both sizes (about 20 minutes)
    python -m benchmarks.bench_scale --sizes 9028     the small one
    python -m benchmarks.bench_scale --publish        and write docs/benchmarks.md

A real server process on a real SQLite file, clients in a process of their own, over loopback.
Machines differ and are shared, so each figure stands beside `GET /health` of the same minute.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from app.actions import accounts, importing, training
from app.actions.context import Context, make_context
from app.domain.accounts import Role
from app.domain.recordings import Recording
from app.formats.writing import write_arrays
from app.settings import Settings
from app.storage import jobs, migrate, runs
from benchmarks.report import machine, milliseconds, publish, table
from classifier.simulate import SimulationConfig, simulate_recording

REFERENCE_SIZE = 9_028
FRAMES = 1_500
LABELERS = 20
PORT_WAIT_S = 30.0


def simulated(components: int, frames: int, seed: int) -> Recording:
    """A recording of this many components, made of simulated fields of 400."""
    fields = [
        simulate_recording(SimulationConfig(components=400, frames=frames), seed + number)
        for number in range(-(-components // 400))
    ]
    return Recording(
        name=f"bench {seed}",
        source_format="simulated",
        masks=np.concatenate([one.masks for one in fields])[:components],
        centroids_px=np.concatenate([one.centroids_px for one in fields])[:components],
        source_indices=np.arange(components),
        traces=np.concatenate([one.traces for one in fields])[:components],
        frame_rate_hz=20.0,
        field_shape_px=fields[0].field_shape_px,
        summary_images=fields[0].summary_images,
    )


def measure_import(context: Context, folder: Path, recording: Recording) -> float:
    """Seconds to read, measure and store a file of 9,028 components with their traces."""
    path = folder / "recording.npz"
    write_arrays(recording, path)
    started = time.perf_counter()
    importing.import_file(context, None, path, importing.ImportOptions())
    return time.perf_counter() - started


def fill(context: Context, pattern: Recording, size: int) -> None:
    """Store copies of a recording, each moved a little, until there are `size` components."""
    stored = 0
    while stored < size:
        count = min(len(pattern), size - stored)
        moved = replace(
            pattern,
            name=f"copy {stored}",
            masks=pattern.masks[:count],
            centroids_px=pattern.centroids_px[:count] + np.float32(stored * 1e-4),
            source_indices=np.arange(count),
            traces=None,
        )
        importing.store(context, None, [moved], source="benchmark")
        stored += count


def judge(context: Context, seed: int) -> None:
    """Give every component a prediction of a run, as a finished training leaves it."""
    with context.database.write() as session:
        run_id = jobs.add(
            session,
            {
                "kind": "train",
                "request": {},
                "attempts": 1,
                "cancel_requested": False,
                "created_at": context.now(),
            },
        )
        runs.add(session, run_id, {})
        runs.record(session, run_id, snapshot_event_id=0, labels=0)
        claimed = jobs.claim(session, ["train"], context.now())
        if claimed is None or not jobs.finish(session, claimed, "succeeded", context.now()):
            raise SystemExit("the run could not be finished")
    random = np.random.default_rng(seed)
    for batch in training.unpredicted(context, run_id):
        p = random.dirichlet([0.5] * 4, len(batch))
        entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
        training.store_predictions(
            context,
            [
                {
                    "run_id": run_id,
                    "component_id": key,
                    **{f"p{code + 1}": float(own[code]) for code in range(4)},
                    "entropy": float(own_entropy),
                    "quality": None,
                    "trained_label": None,
                    "out_of_fold": False,
                }
                for key, own, own_entropy in zip(batch, p, entropy, strict=True)
            ],
        )
    training.show_predictions(context, run_id)


@dataclass(frozen=True)
class Server:
    """A running server. process: for its memory."""

    port: int
    process: psutil.Process


@contextmanager
def serving(data_dir: Path, *, with_worker: bool = False) -> Iterator[Server]:
    """`serve` as people run it; without the worker where that would have nothing to do."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SOMATA_DATA_DIR": str(data_dir), "SOMATA_PORT": str(port)}
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", *(() if with_worker else ("--no-worker",))],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(port)
        yield Server(port, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(30)


def wait_until_healthy(port: int) -> None:
    """Return when the server answers. Raises SystemExit where it does not."""
    give_up_at = time.monotonic() + PORT_WAIT_S
    while time.monotonic() < give_up_at:
        try:
            Client(port, "").get("/health")
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


class Client:
    """One keep-alive connection, as a browser has it."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds and body."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, Any]:
        """Seconds and parsed body."""
        seconds, answer = self._ask("POST", path, json.dumps(body).encode())
        return seconds, json.loads(answer)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[float, bytes]:
        started = time.perf_counter()
        self.connection.request(method, "/api/v1" + path, body, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return time.perf_counter() - started, answer


def label(client: Client, item: dict[str, Any]) -> float:
    """Answer one component; returns the seconds until it was acknowledged."""
    answer = {
        "id": str(uuid.uuid4()),
        "component": item["component"],
        "label": 1 + item["component"] % 4,
        "lease": item["lease"],
        "seconds": 1.0,
    }
    seconds, receipt = client.post("/labels", {"labels": [answer]})
    if receipt["items"][0]["status"] != "saved":
        raise RuntimeError(f"not saved: {receipt}")
    return seconds


def alone(port: int, token: str, strategy: str, count: int) -> dict[str, list[float]]:
    """One client: health, next component and label in turn."""
    client = Client(port, token)
    times: dict[str, list[float]] = {"health": [], "next": [], "label": []}
    for _ in range(count):
        times["health"].append(client.get("/health")[0])
        seconds, work = client.post("/queue/next", {"strategy": strategy, "count": 1})
        times["next"].append(seconds)
        times["label"].append(label(client, work["items"][0]))
    return times


def labeler(port: int, token: str, until: float, times: dict[str, list[float]]) -> None:
    """One of many: ten components ahead, a request a label, as the desk does it."""
    client = Client(port, token)
    while time.monotonic() < until:
        seconds, work = client.post("/queue/next", {"strategy": "entropy", "count": 10})
        times["next"].append(seconds)
        for item in work["items"]:
            times["label"].append(label(client, item))


def crowd(port: int, tokens: Sequence[str], seconds: float, results: Any) -> None:
    """All labelers at once, in this process; results gets their times and the rate."""
    every: list[dict[str, list[float]]] = [{"next": [], "label": []} for _ in tokens]
    started = time.monotonic()
    threads = [
        threading.Thread(target=labeler, args=(port, token, started + seconds, times))
        for token, times in zip(tokens, every, strict=True)
    ]
    for thread in threads:
        thread.start()
    health = []
    probe = Client(port, tokens[0])
    while any(thread.is_alive() for thread in threads):
        health.append(probe.get("/health")[0])
        time.sleep(0.1)
    lasted = time.monotonic() - started
    merged = {name: [t for times in every for t in times[name]] for name in ("next", "label")}
    results.put({**merged, "health": health, "rate": len(merged["label"]) / lasted})


def measure_crowd(port: int, tokens: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run the crowd in a process of its own, so that it does not share our interpreter."""
    results = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(
        target=crowd, args=(port, tokens, seconds, results)
    )
    process.start()
    found: dict[str, Any] = results.get(timeout=seconds + 120)
    process.join()
    return found


def measure_export(server: Server, token: str) -> tuple[int, float, float]:
    """Rows, seconds and how many MB the server grew while it streamed every prediction."""
    before = server.process.memory_info().rss
    highest = before
    client = Client(server.port, token)
    client.connection.request("GET", "/api/v1/predictions?format=ndjson", headers=client.headers)
    started = time.perf_counter()
    response = client.connection.getresponse()
    rows = 0
    while chunk := response.read(1 << 20):
        rows += chunk.count(b"\n")
        highest = max(highest, server.process.memory_info().rss)
    return rows, time.perf_counter() - started, (highest - before) / 1e6


def measure(size: int, seconds: float) -> list[list[str]]:
    """Every figure at one size, as table rows."""
    with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
        folder = Path(temporary)
        context = make_context(Settings(data_dir=folder / "data", database_url=None))
        migrate.upgrade(context.database)
        pattern = simulated(REFERENCE_SIZE, FRAMES, seed=1)
        rows = []
        if size == REFERENCE_SIZE:
            took = measure_import(context, folder, pattern)
            rows.append(["import 9,028 x 1,500 frames from .npz", f"{took:.1f} s", "20 s", ""])
        else:
            fill(context, pattern, size)
        judge(context, seed=2)
        tokens = []
        for number in range(LABELERS):
            account, _ = accounts.account_for_program(context, f"labeler {number}", Role.ADMIN)
            tokens.append(accounts.create_token(context, account, "bench"))
        context.database.dispose()
        with serving(folder / "data") as server:
            rows += measure_served(server, tokens, seconds)
    return rows


def measure_served(server: Server, tokens: Sequence[str], seconds: float) -> list[list[str]]:
    """The figures that need a running server."""
    rows = []
    for strategy in ("unlabeled", "entropy", "process", "random"):
        times = alone(server.port, tokens[0], strategy, count=200)
        health = milliseconds(times["health"])
        next_, answered = milliseconds(times["next"]), milliseconds(times["label"])
        rows.append([f"POST /queue/next, {strategy}, one client", f"{next_} ms", "20 ms", health])
        rows.append([f"POST /labels ({strategy}), one client", f"{answered} ms", "20 ms", health])
    many = measure_crowd(server.port, tokens, seconds)
    health = milliseconds(many["health"])
    rows.append([f"{LABELERS} labelers at once", f"{many['rate']:.0f} labels/s", "200/s", health])
    rows.append(
        ["their POST /queue/next, 10 ahead", f"{milliseconds(many['next'])} ms", "", health]
    )
    rows.append(["their POST /labels", f"{milliseconds(many['label'])} ms", "", health])
    exported, took, grown = measure_export(server, tokens[0])
    rate = f"{exported / took:,.0f} rows/s, server grew {grown:.0f} MB"
    rows.append([f"export {exported:,} predictions", rate, "flat", ""])
    return rows


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[REFERENCE_SIZE, 1_000_000])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the crowd labels")
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    text = [machine(), ""]
    for size in options.sizes:
        head = (f"{size:,} components, SQLite", "median / p95", "aim (p95)", "GET /health then, ms")
        text += [table(head, measure(size, options.seconds)), ""]
    print("\n".join(text))
    if options.publish:
        publish("bench_scale", "\n".join(text).strip())


if __name__ == "__main__":
    main()
