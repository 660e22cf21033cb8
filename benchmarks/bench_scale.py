"""The queue, the labels, the import and the export at 9,028 and at 1,000,000 components.

    python -m benchmarks.bench_scale                  both sizes (about 20 minutes)
    python -m benchmarks.bench_scale --sizes 9028     the small one
    python -m benchmarks.bench_scale --publish        and write docs/benchmarks.md

A real server process on a real SQLite file, clients in a process of their own, over loopback.
Machines differ and are shared, so each figure stands beside `GET /health` of the same minute.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from app.actions import accounts, importing, judging, tokens
from app.actions.context import Context, make_context
from app.domain.accounts import Role
from app.domain.recordings import Recording
from app.formats.writing import write_arrays
from app.settings import Settings
from app.storage import jobs, migrate, runs
from benchmarks.labelers import SomataDesk, alone, measure_crowd
from benchmarks.report import machine, milliseconds, publish, table
from benchmarks.serving import Client, Memory, Server, serving
from classifier.simulate import SimulationConfig, simulate_recording

REFERENCE_SIZE = 9_028
FRAMES = 1_500
LABELERS = 20


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
    for batch in judging.unpredicted(context, run_id):
        p = random.dirichlet([0.5] * 4, len(batch))
        entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
        judging.store_predictions(
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
    judging.show_predictions(context, run_id)


def measure_export(server: Server, token: str) -> str:
    """Rows a second while every prediction is streamed, and how much the server grew by it."""
    client = Client(server.port, token)
    before = highest = server.memory()
    started = time.perf_counter()
    client.connection.request("GET", "/api/v1/predictions?format=ndjson", headers=client.headers)
    response = client.connection.getresponse()
    rows = 0
    while chunk := response.read(1 << 20):
        rows += chunk.count(b"\n")
        now = server.memory()
        highest = Memory(max(highest.own, now.own), max(highest.mapped, now.mapped))
    rate = rows / (time.perf_counter() - started)
    return (
        f"{rate:,.0f} rows/s; own memory {before.own:.0f} MB, {highest.own - before.own:+.0f}; "
        f"mapped file pages {highest.mapped - before.mapped:+.0f} MB"
    )


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
        held = []
        for number in range(LABELERS):
            account, _ = accounts.account_for_program(context, f"labeler {number}", Role.ADMIN)
            held.append(tokens.create(context, account, "bench"))
        context.database.dispose()
        with serving(folder / "data") as server:
            rows += measure_served(server, held, seconds)
    return rows


def measure_served(server: Server, tokens: Sequence[str], seconds: float) -> list[list[str]]:
    """The figures that need a running server."""
    rows = []
    for strategy in ("unlabeled", "entropy", "process", "random"):
        times = alone(SomataDesk(server.port, tokens[0], strategy), count=200)
        health = milliseconds(times["health"])
        next_, answered = milliseconds(times["next"]), milliseconds(times["label"])
        rows.append([f"POST /queue/next, {strategy}, one client", f"{next_} ms", "20 ms", health])
        rows.append([f"POST /labels ({strategy}), one client", f"{answered} ms", "20 ms", health])
    return (
        rows
        + measure_labelers(server, tokens, seconds)
        + [["export of all predictions", measure_export(server, tokens[0]), "flat", ""]]
    )


def measure_labelers(server: Server, tokens: Sequence[str], seconds: float) -> list[list[str]]:
    """Twenty labelers at once."""
    before_s = server.processor_s()
    # Ten components ahead and a request a label, as the desk does it.
    desks = [partial(SomataDesk, server.port, token, "entropy", 10) for token in tokens]
    many = measure_crowd(desks, seconds)
    server_s = (server.processor_s() - before_s) / len(many["label"])
    health = milliseconds(many["health"])
    used = f"server {server_s * 1e3:.1f}, clients {many['own_s'] * 1e3:.1f} ms"
    return [
        [f"{len(tokens)} labelers at once", f"{many['rate']:.0f} labels/s", "200/s", health],
        ["processor time a label", used, "", ""],
        ["their POST /queue/next, 10 ahead", f"{milliseconds(many['next'])} ms", "", health],
        ["their POST /labels", f"{milliseconds(many['label'])} ms", "", health],
    ]


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
