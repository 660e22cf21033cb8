"""`somata tune`: ask for a tuning, watch it, stop it."""

import sys
import time

from app.actions import jobs, tuning
from app.actions.context import Context
from app.actions.tuning import StudyView, TrialView
from app.domain.errors import Conflict, NothingToTrainOn
from app.domain.trials import TrialState
from app.serve import WorkerProcess

LOOK_EVERY_S = 0.5


def start(context: Context, minutes: float, *, wait: bool) -> int:
    """Queue a tuning; returns the exit code."""
    study = tuning.request_study(context, None, minutes)
    if wait:
        return watch(context, study.id)
    print(f"Tuning {study.id} is queued.")
    if not jobs.worker_is_alive(context):
        print("No worker is running: it starts with ./somata serve.", file=sys.stderr)
    return 0


def stop(context: Context) -> int:
    """Stop the tuning that waits or runs. Raises Conflict where there is none."""
    live = jobs.live(context, "tune")
    if not live:
        raise Conflict("No tuning waits or runs. ./somata tune starts one.")
    tuning.cancel_study(context, None, live[0].id)
    print(f"Tuning {live[0].id} stops. What it has found is kept.")
    return 0


def watch(context: Context, study_id: int) -> int:
    """Show trials as they end, and the best at the end. Ctrl-C ends the watching alone."""
    worker = WorkerProcess()
    try:
        study = follow(context, study_id, worker)
    except KeyboardInterrupt:
        goes_on = "waits for a worker (./somata serve)" if worker.started else "goes on"
        print(f"somata: Tuning {study_id} {goes_on}.", file=sys.stderr)
        print("./somata tune --stop ends it.", file=sys.stderr)
        return 1
    finally:
        worker.stop()
    if study.state == "failed" or study.best is None:
        raise NothingToTrainOn(
            f"Tuning {study_id} {study.state}: {study.error or 'no trial ended'}"
        )
    print(f"Tuning {study_id} {study.state}: the best is {sentence(study.best)}")
    return 0


def follow(context: Context, study_id: int, worker: WorkerProcess) -> StudyView:
    """Print each trial as it ends, until the tuning has. Where no other worker lives, start this
    one.
    """
    said: set[int] = set()
    while True:
        study = tuning.get_study(context, study_id)
        for trial in study.trials:
            if trial.state != TrialState.RUNNING and trial.number not in said:
                said.add(trial.number)
                print(sentence(trial), file=sys.stderr)
        if study.state in jobs.ENDED:
            return study
        if not (worker.started or jobs.worker_is_alive(context)):
            worker.start()
        time.sleep(LOOK_EVERY_S)


def sentence(trial: TrialView) -> str:
    """A trial on one line."""
    settings = " ".join(f"{name}={shown(value)}" for name, value in trial.config.items())
    if trial.state != TrialState.COMPLETE:
        return f"trial {trial.number} {trial.state}: {trial.reason} ({settings})"
    return (
        f"trial {trial.number}: cross-entropy {trial.value:.3f}, macro F1 {trial.macro_f1:.3f} "
        f"({settings})"
    )


def shown(value: object) -> str:
    """A setting; numbers to three figures."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
