"""The process cue before anything is labeled, and the montage against one component at a time.

    python -m benchmarks.bench_montage             every field that the cue was not fitted on
    python -m benchmarks.bench_montage --quick     two of them, 40 components each
    python -m benchmarks.bench_montage --publish   and write docs/benchmarks.md

A scripted labeler who needs no time to think, and errs as the shared labelers do, confirms the
most process-like components over loopback: so the rates are the tool's own cost, not a person's.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from app.actions import accounts, importing, learning, tokens
from app.actions.context import Context, make_context
from app.actions.montage import DEFAULT_CUE, set_threshold
from app.domain.accounts import Role
from app.domain.cues import trace_snr
from app.domain.labels import Label
from app.domain.process_cue import FITTED_ON_EVERY, process_likeness
from app.domain.recordings import Recording
from app.settings import Settings
from app.storage import migrate
from benchmarks.report import machine, publish, table
from benchmarks.serving import Client, serving
from benchmarks.simulated import PUBLIC, Fields, Referee, load

PAGES = (16, 36, 144)
QUICK_PAGES = (36,)
RATES_FROM = 0.5
"""The threshold for the rates: at the default a few pages would be all."""
THRESHOLDS = (0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Way:
    """One way to label: how many were labeled, how fast, and the share that is wrong.

    confirmed_wrong: of those that were called processes.
    """

    name: str
    labels: int
    per_minute: float
    wrong: float
    confirmed_wrong: float


@dataclass(frozen=True)
class Found:
    """What was measured."""

    components: int
    precision: float
    first: int
    at_first: float
    above: list[tuple[float, int, float]]
    ways: list[Way]


def held_out(data: Path, quick: bool) -> tuple[Fields, Referee]:
    """The fields that the cue was not fitted on."""
    fields, referee = load(data)
    numbers = fields.components.groups
    rows = np.flatnonzero(numbers % FITTED_ON_EVERY != 0)
    if quick:
        few = np.unique(numbers[rows])[:2]
        rows = np.concatenate([np.flatnonzero(numbers == one)[:40] for one in few])
    return fields.take(rows), referee.take(rows)


def cue_of(fields: Fields) -> NDArray[np.float32]:
    """Process-likeness of each component."""
    masks = np.asarray(fields.components.masks, dtype=np.float32)
    return process_likeness(masks, trace_snr(traces_of(fields, np.arange(len(fields)))))


def traces_of(fields: Fields, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Their traces (components, frames). Every shared field has them."""
    every = fields.components.traces or ()
    return np.stack([np.asarray(every[row], dtype=np.float32) for row in rows.tolist()])


def store(context: Context, fields: Fields) -> dict[int, int]:
    """Import the fields; returns each component's row, by key."""
    rows: dict[int, int] = {}
    numbers = fields.components.groups
    for number in np.unique(numbers):
        own = np.flatnonzero(numbers == number)
        one = Recording(
            name=f"field {number}",
            source_format="arrays",
            masks=np.asarray(fields.components.masks[own], dtype=np.float32),
            centroids_px=np.zeros((len(own), 2), np.float32),
            source_indices=np.arange(len(own), dtype=np.int64),
            traces=traces_of(fields, own),
        )
        stored = importing.store(context, None, [one], source="benchmark")[0]
        keys = learning.components_of_recording(context, stored.recording_id)
        rows.update(zip(keys, own.tolist(), strict=True))
    return rows


def montage(client: Client, size: int) -> Callable[[], tuple[list[dict[str, Any]], int | None]]:
    """Pages of the montage, masks and all."""

    def ask() -> tuple[list[dict[str, Any]], int | None]:
        _, page = client.post("/queue/montage", {"label": int(Label.PROCESS), "count": size})
        if page["views"]:
            client.get(page["views"].removeprefix(client.base))
        return page["items"], len(page["items"]) or None

    return ask


def one_by_one(client: Client) -> Callable[[], tuple[list[dict[str, Any]], int | None]]:
    """One component at a time, its mask and all."""

    def ask() -> tuple[list[dict[str, Any]], int | None]:
        _, work = client.post("/queue/next", {"strategy": "process", "count": 1})
        for item in work["items"]:
            client.get(f"/components/views?ids={item['component']}&parts=mask")
        return work["items"], None

    return ask


def label_all(
    client: Client,
    ask: Callable[[], tuple[list[dict[str, Any]], int | None]],
    says: Mapping[int, int],
    most: int,
) -> tuple[dict[int, int], float]:
    """Label until `most` are or nothing is left; returns the labels and the seconds it took."""
    given: dict[int, int] = {}
    started = time.perf_counter()
    while len(given) < most:
        items, size = ask()
        if not items:
            break
        labels = [
            {
                "id": str(uuid4()),
                "component": one["component"],
                "label": says[one["component"]],
                "lease": one["lease"],
                "montage": size,
            }
            for one in items
        ]
        _, receipt = client.post("/labels", {"labels": labels})
        if any(one["status"] != "saved" for one in receipt["items"]):
            raise RuntimeError(f"not saved: {receipt}")
        given.update((one["component"], one["label"]) for one in labels)
    return given, time.perf_counter() - started


def ways(
    fields: Fields, referee: Referee, answers: NDArray[np.int64], pages: Sequence[int]
) -> list[Way]:
    """Each way on a database of its own; one by one labels as many as the montage held."""
    found: list[Way] = []
    most = len(fields)
    for size in (*pages, None):
        with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
            data_dir = Path(temporary) / "data"
            context = make_context(Settings(data_dir=data_dir, database_url=None))
            migrate.upgrade(context.database)
            account, _ = accounts.account_for_program(context, "labeler", Role.ADMIN)
            token = tokens.create(context, account, "bench")
            set_threshold(context, account, RATES_FROM)
            rows = store(context, fields)
            says = {key: int(answers[row]) for key, row in rows.items()}
            with serving(data_dir) as server:
                client = Client(server.port, token)
                ask = one_by_one(client) if size is None else montage(client, size)
                given, seconds = label_all(client, ask, says, most)
                client.connection.close()
            context.database.dispose()
        most = len(given) or most
        name = "one by one" if size is None else f"montage of {size}"
        found.append(_way(name, referee, {rows[key]: one for key, one in given.items()}, seconds))
    return found


def _way(name: str, referee: Referee, given: dict[int, int], seconds: float) -> Way:
    rows = np.array(sorted(given), dtype=np.int64)
    labels = np.array([given[row] for row in rows], dtype=np.int64)
    called = labels == Label.PROCESS
    return Way(
        name,
        len(rows),
        60 * len(rows) / seconds,
        1 - referee.take(rows).agreement(labels),
        1 - referee.take(rows[called]).agreement(labels[called]) if called.any() else float("nan"),
    )


def measure(data: Path, quick: bool) -> Found:
    """Every figure."""
    fields, referee = held_out(data, quick)
    cue = cue_of(fields)
    first = min(100, len(fields) // 4)
    best = np.argsort(-cue, kind="stable")
    process = int(Label.PROCESS)

    def precision(rows: NDArray[np.intp]) -> float:
        return referee.take(rows).agreement(np.full(len(rows), process)) if len(rows) else 0.0

    above = [
        (one, int((cue >= one).sum()), precision(np.flatnonzero(cue >= one))) for one in THRESHOLDS
    ]
    answers = referee.answer(np.arange(len(fields)), np.random.default_rng(0))
    return Found(
        len(fields),
        referee.average_precision(cue, process),
        first,
        precision(best[:first]),
        above,
        ways(fields, referee, answers, QUICK_PAGES if quick else PAGES),
    )


def report(found: Found) -> str:
    """The figures as text."""
    cue = [
        ["average precision for processes", f"{found.precision:.2f}"],
        [f"precision at the first {found.first}", f"{found.at_first:.2f}"],
        *(
            [f"from {at:.0%}{' (the default)' if at == DEFAULT_CUE else ''}", f"{share:.2f} of {n}"]
            for at, n, share in found.above
        ),
    ]
    labeling = [
        [
            one.name,
            str(one.labels),
            f"{one.per_minute:,.0f}",
            f"{one.wrong:.1%}",
            f"{one.confirmed_wrong:.1%}",
        ]
        for one in found.ways
    ]
    head = ("scripted labeler, 0 ms to think", "labels", "a minute", "wrong", "wrong as process")
    return "\n".join(
        [
            machine(),
            "",
            table((f"process cue, {found.components:,} components held out", "precision"), cue),
            "",
            table(head, labeling),
        ]
    )


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", action="store_true")
    parser.add_argument("--data", type=Path, default=PUBLIC)
    options = parser.parse_args()
    if options.quick and options.publish:
        parser.error("--publish takes the whole run: leave --quick out")
    text = report(measure(options.data, options.quick))
    print(text)
    if options.publish:
        publish("bench_montage", text)


if __name__ == "__main__":
    main()
