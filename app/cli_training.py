"""`somata train`: ask for a training run, and watch it."""

import sys
import time

from app.actions import jobs, training
from app.actions.context import Context
from app.domain.errors import NothingToTrainOn
from app.serve import WorkerProcess

LOOK_EVERY_S = 0.5


def start(
    context: Context, *, start_from: int | None = None, repeat: int | None = None, wait: bool
) -> int:
    """Queue a run, afresh, from an earlier one's models, or that repeats it; returns the exit code.

    Raises NotFound and Conflict where the earlier run does not do.
    """
    if repeat is None:
        run = training.request_run(context, None, start_from=start_from)
    else:
        run = training.repeat_run(context, None, repeat)
    if not wait:
        print(f"Training run {run.id} is queued.")
        if not jobs.worker_is_alive(context):
            print("No worker is running: it starts with ./somata serve.", file=sys.stderr)
        return 0
    worker = WorkerProcess()
    try:
        return wait_for(context, run.id, worker)
    finally:
        worker.stop()


def wait_for(context: Context, run_id: int, worker: WorkerProcess) -> int:
    """Show a run's progress until it has ended. Where no other worker lives, start this one."""
    said = ""
    while (run := training.get_run(context, run_id)).state not in jobs.ENDED:
        if not (worker.started or jobs.worker_is_alive(context)):
            worker.start()
        progress = run.progress
        now = f"{run.state} {progress.get('stage', '')} {100 * progress.get('fraction', 0):.0f}%"
        if now != said:
            print(now, file=sys.stderr)
            said = now
        time.sleep(LOOK_EVERY_S)
    if run.state != "succeeded":
        raise NothingToTrainOn(f"Training run {run_id} {run.state}: {run.error}")
    metrics = run.metrics or {}
    if run.repeats is not None:
        found = metrics["repeat"]
        same = found["same_model"] or found["furthest"] == 0
        print(f"It {'came' if same else 'did not come'} to the same as run {run.repeats}.")
    print(f"Training run {run_id} succeeded: macro F1 {metrics.get('macro_f1', float('nan')):.3f}")
    return 0
