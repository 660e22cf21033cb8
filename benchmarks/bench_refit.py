"""How soon the queue follows a label, and what labelers feel of it.

    python -m benchmarks.bench_refit             10,000 components (about five minutes)
    python -m benchmarks.bench_refit --quick     200 components and a tiny network
    python -m benchmarks.bench_refit --publish   and write docs/benchmarks.md

The whole product on one machine: `serve` with its worker on SQLite, one labeler over loopback.
The components are 2,000 simulated ones and copies of them with other noise.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from app.actions import accounts, importing, labeling, learning, tokens, training
from app.actions.context import Context, make_context
from app.actions.labeling import Answer
from app.domain.accounts import Account, Role
from app.settings import Settings
from app.storage import events, jobs, migrate
from app.storage.tables import Job
from app.worker.demo import demo_recording
from app.worker.inputs import measure_all
from benchmarks.report import machine, milliseconds, publish, table
from benchmarks.serving import Client, serving
from classifier.measures import VERSION

AFTER_LABELS = 10
PATIENCE_S = 240.0
PAUSE_S = 0.1
"""Between two labels of the labeler who does not wait: ten a second, faster than anybody looks."""

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Size:
    """How much is measured. pattern: simulated components, of which the rest are copies."""

    components: int
    pattern: int
    labeled: int
    refits: int
    labels: int
    config: dict[str, Any]


FULL = Size(10_000, 2_000, 500, 30, 300, {})
QUICK = Size(200, 100, 60, 2, 15, {"folds": 2, "epochs": 1, "min_batches": 1, "batch_size": 32})


def fill(context: Context, size: Size) -> dict[int, int]:
    """Store the components, measured; returns what an annotator calls each, by key."""
    each = min(400, size.pattern)
    pattern = [demo_recording(number, each) for number in range(size.pattern // each)]
    called: dict[int, int] = {}
    tables: list[Any] = []
    random = np.random.default_rng(0)
    for number in range(size.components // each):
        one = pattern[number % len(pattern)]
        copied = replace(
            one,
            name=f"copy {number}",
            masks=one.masks * random.normal(1, 0.05, one.masks.shape).astype(np.float32),
            imported_labels=(),
        )
        stored = importing.store(context, None, [copied], source="benchmark")[0]
        keys = learning.components_of_recording(context, stored.recording_id)
        called.update(zip(keys, one.imported_labels[0].labels.tolist(), strict=True))
        if number < len(pattern):
            measure_all(context, lambda _done, _total: None)
            tables.append(learning.measures_of(context, keys, VERSION))
        else:
            # Measuring takes minutes and is not what is measured here.
            learning.keep_measures(context, keys, tables[number % len(pattern)], VERSION)
    return called


def last_refit(context: Context) -> Job | None:
    """The newest refit where none waits or runs."""
    with context.database.read() as session:
        return None if jobs.live(session, ["refit"]) else jobs.newest(session, "refit")


def newest_event(context: Context) -> int:
    """The id of the newest label."""
    with context.database.read() as session:
        return events.last_id(session)


def wait_for_refit(context: Context, event_id: int) -> Job:
    """The refit that knows of this event. Raises SystemExit where none comes."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        found = last_refit(context)
        if found is not None and found.state == "failed":
            raise SystemExit(f"the refit failed: {found.error}")
        if found is not None and found.progress.get("event_id", -1) >= event_id:
            return found
        time.sleep(0.01)
    raise SystemExit("no refit came")


class Labeler:
    """One labeler at the queue's most confusing components, who answers as the annotator does."""

    def __init__(self, port: int, token: str, called: dict[int, int]) -> None:
        self.client = Client(port, token)
        self.called = called
        self.times: Times = {"health": [], "next": [], "label": []}

    def look(self) -> None:
        """What a browser does for one component."""
        self.times["health"].append(self.client.get("/health")[0])
        seconds, work = self.client.post("/queue/next", {"strategy": "entropy", "count": 1})
        self.times["next"].append(seconds)
        item = work["items"][0]
        answer = {
            "id": str(uuid4()),
            "component": item["component"],
            "label": self.called[item["component"]] or 4,
            "lease": item["lease"],
        }
        seconds, receipt = self.client.post("/labels", {"labels": [answer]})
        if receipt["items"][0]["status"] != "saved":
            raise RuntimeError(f"not saved: {receipt}")
        self.times["label"].append(seconds)


def train(context: Context, account: Account, size: Size) -> Job:
    """Have the worker train a run; returns the refit that made the memory after it."""
    run_id = training.request_run(context, account, size.config).id
    give_up_at = time.monotonic() + PATIENCE_S
    while (run := training.get_run(context, run_id)).state in ("queued", "running"):
        if time.monotonic() > give_up_at:
            raise SystemExit(f"the run did not end: {run.progress}")
        time.sleep(0.1)
    if run.state != "succeeded":
        raise SystemExit(f"the run {run.state}: {run.error}")
    return wait_for_refit(context, 0)


@dataclass
class Found:
    """What was measured. seconds: from a label to the order that knows it; worked: of that, the
    worker's. moved: components that changed place.
    """

    memory_s: float
    seconds: list[float]
    worked: list[float]
    moved: list[int]
    off: Times
    on: Times
    refits_meanwhile: int


def measure(size: Size) -> Found:
    """Every figure."""
    with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
        data_dir = Path(temporary) / "data"
        context = make_context(Settings(data_dir=data_dir, database_url=None))
        migrate.upgrade(context.database)
        account, _ = accounts.account_for_program(context, "labeler", Role.ADMIN)
        token = tokens.create(context, account, "bench")
        called = fill(context, size)
        known = np.random.default_rng(1).permutation([key for key in called if called[key]])
        given = [Answer(uuid4(), int(key), called[int(key)]) for key in known[: size.labeled]]
        labeling.answer(context, account, given)
        with serving(data_dir, with_worker=True, refit_after_labels=AFTER_LABELS) as server:
            made = train(context, account, size)
            labeler = Labeler(server.port, token, called)
            seconds, worked, moved = waits(context, labeler, size.refits)
            labeler.times = {"health": [], "next": [], "label": []}
            before = newest_event(context)
            ids = label_on(context, labeler, size.labels)
            wait_for_refit(context, before + 1)
            labeler.client.connection.close()
        with serving(data_dir, with_worker=True, refit_after_labels=0) as server:
            undisturbed = Labeler(server.port, token, called)
            label_on(context, undisturbed, size.labels)
            undisturbed.client.connection.close()
        context.database.dispose()
    return Found(lasted(made), seconds, worked, moved, undisturbed.times, labeler.times, len(ids))


def waits(
    context: Context, labeler: Labeler, refits: int
) -> tuple[list[float], list[float], list[int]]:
    """Ten labels, then wait for the order that knows them; so many times."""
    seconds, worked, moved = [], [], []
    for _ in range(refits):
        for _ in range(AFTER_LABELS - 1):
            labeler.look()
        started = time.monotonic()
        labeler.look()
        done = wait_for_refit(context, newest_event(context))
        seconds.append(time.monotonic() - started)
        worked.append(lasted(done))
        moved.append(int(done.progress["moved"]))
    return seconds, worked, moved


def label_on(context: Context, labeler: Labeler, labels: int) -> set[int]:
    """Label without waiting for anything; returns the refits that were seen meanwhile."""
    seen = set()
    for _ in range(labels):
        labeler.look()
        time.sleep(PAUSE_S)
        with context.database.read() as session:
            seen |= {job.id for job in jobs.live(session, ["refit"])}
    return seen


def lasted(job: Job) -> float:
    """Seconds from its start to its end."""
    if job.started_at is None or job.finished_at is None:
        raise SystemExit(f"refit {job.id} has not ended")
    return (job.finished_at - job.started_at).total_seconds()


def in_seconds(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    median, p95 = np.percentile(values, [50, 95])
    return f"{median:.2f} / {p95:.2f} s"


def report(size: Size, found: Found) -> str:
    """The figures as text."""
    rows = [
        [f"from the {AFTER_LABELS}th label to the new order", in_seconds(found.seconds), "2 s"],
        ["of that, the worker's job", in_seconds(found.worked), ""],
        ["components that changed place", f"{np.median(found.moved):,.0f}", ""],
        ["what the networks see, once a run", f"{found.memory_s:.0f} s", ""],
    ]
    felt = [
        [name, milliseconds(found.off[key]), milliseconds(found.on[key]), aim]
        for name, key, aim in (
            ("GET /health", "health", ""),
            ("POST /queue/next", "next", "20 ms"),
            ("POST /labels", "label", "20 ms"),
        )
    ]
    head = f"{size.components:,} components, SQLite"
    return "\n".join(
        [
            machine(),
            "",
            table((head, "median / p95", "aim (p95)"), rows),
            "",
            f"A labeler who answers every {PAUSE_S} s and waits for nothing ({size.labels} labels, "
            f"{found.refits_meanwhile} refits meanwhile):",
            "",
            table(("median / p95, ms", "refits off", "refits on", "aim (p95)"), felt),
        ]
    )


def quick() -> tuple[Size, Found]:
    """A few components: whether all of it still runs."""
    return QUICK, measure(QUICK)


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    if options.quick and options.publish:
        parser.error("--publish takes the whole run: leave --quick out")
    size = QUICK if options.quick else FULL
    text = report(size, measure(size))
    print(text)
    if options.publish:
        publish("bench_refit", text)


if __name__ == "__main__":
    main()
