"""How long a label takes while a training runs beside it, and how long the training takes.

    python -m benchmarks.bench_training_latency             the demo's 2,000 components
    python -m benchmarks.bench_training_latency --publish   and write docs/benchmarks.md

The whole product on one machine: `serve` with its worker, one labeler over loopback.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from app.actions import accounts, tokens, training
from app.actions.context import make_context
from app.domain.accounts import Role
from app.settings import Settings
from app.storage import migrate
from app.worker.demo import load_demo
from benchmarks.labelers import label
from benchmarks.report import machine, milliseconds, publish, table
from benchmarks.serving import Client, serving

ENDED = ("succeeded", "failed", "cancelled")


def one_look(client: Client, times: dict[str, list[float]]) -> None:
    """What a labeler's browser does for one component."""
    times["health"].append(client.get("/health")[0])
    seconds, work = client.post("/queue/next", {"strategy": "random", "count": 1})
    times["next"].append(seconds)
    item: dict[str, Any] = work["items"][0]
    times["label"].append(label(client, item))


def measure() -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, Any]]:
    """Times before the training, times during it, and the run as it ended."""
    with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
        data_dir = Path(temporary) / "data"
        context = make_context(Settings(data_dir=data_dir, database_url=None))
        migrate.upgrade(context.database)
        load_demo(context, lambda _progress: None)
        account, _ = accounts.account_for_program(context, "labeler", Role.ADMIN)
        token = tokens.create(context, account, "bench")
        with serving(data_dir, with_worker=True) as server:
            client = Client(server.port, token)
            quiet: dict[str, list[float]] = {"health": [], "next": [], "label": []}
            busy: dict[str, list[float]] = {"health": [], "next": [], "label": []}
            for _ in range(100):
                one_look(client, quiet)
            run_id = training.request_run(context, account).id
            while True:
                run = json.loads(client.get(f"/training-runs/{run_id}")[1])
                if run["state"] in ENDED:
                    break
                if run["progress"].get("stage") == "training":
                    one_look(client, busy)
                time.sleep(0.1)
        context.database.dispose()
    return quiet, busy, run


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    quiet, busy, run = measure()
    if run["state"] != "succeeded":
        raise SystemExit(f"the run {run['state']}: {run['error']}")
    rows = [
        [name, milliseconds(quiet[key]), milliseconds(busy[key]), aim]
        for name, key, aim in (
            ("GET /health", "health", ""),
            ("POST /queue/next", "next", ""),
            ("POST /labels", "label", "50 ms"),
        )
    ]
    metrics = run["metrics"]
    text = "\n".join(
        [
            machine(),
            "",
            table(("median / p95, ms", "before", "while training", "aim (p95)"), rows),
            "",
            f"{len(busy['label'])} labels during the training. Five folds on {run['labels']:,} "
            f"demo components with {run['config']['threads']} threads took "
            f"{metrics['train_seconds']:.0f} s (aim: 180 s); macro F1 against the annotators' "
            f"consensus, out of fold: {metrics['macro_f1']:.3f}.",
        ]
    )
    print(text)
    if options.publish:
        publish("bench_training_latency", text)


if __name__ == "__main__":
    main()
