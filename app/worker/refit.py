"""The instant refit: the networks stay, what is linear in them learns the labels given since."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.actions import promoting, refitting, training
from app.actions.context import Context
from app.actions.refitting import Lesson
from app.domain.serving import REFITTED
from app.storage.tables import Job
from app.worker.inputs import components_of
from app.worker.kept import load_ensemble
from app.worker.looks import filled, fit_look_on
from app.worker.machine import device
from app.worker.orders import orders_of
from app.worker.work import Pulse
from classifier.ensemble import Ensemble
from classifier.inputs import Components
from classifier.instant import Memory, join, refit, remember
from classifier.measures import alone, names_alone
from classifier.training import configure_threads
from classifier.uncertainty import margin, predictive_entropy

MOST_COMPONENTS = 20_000
MOST_BYTES = 256_000_000
"""Bounds of what is remembered. With the default network the first is met first, at 70 MB."""

REMEMBERED_AT_ONCE = 500
LEAST_CHANGE = 1e-3
"""What moves a component by less than this in every order is not worth a write."""

LONGEST_BREATH_S = 0.1


@dataclass(frozen=True, eq=False)
class Remembered:
    """What is kept of the run in use between refits.

    keys: (components,) in the order of all else. measures: (components, measures) of
        each by itself, without gaps.
    fold_of: (components,) the fold whose networks have not seen it, -1 where none has.
    """

    run_id: int
    ensemble: Ensemble
    keys: NDArray[np.int64]
    memory: Memory
    measures: NDArray[np.float32]
    fold_of: NDArray[np.int64]


class Refitter:
    """Does refits, and remembers between them what they need of the run that serves.

    most: components that are remembered at most.
    """

    def __init__(self, most: int = MOST_COMPONENTS) -> None:
        self.kept: Remembered | None = None
        self._most = most

    def __call__(self, context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
        """Let the run in use learn the labels as they stand, and the queue follow."""
        run_id = promoting.serving_run(context)
        pulse({"stage": "looking at components", "fraction": 0.0})
        if run_id is None:
            self.kept = None
            return {"progress": {"stage": "done", "fraction": 1.0}}
        self.kept = self._remember(context, run_id, pulse)
        lesson = refitting.lesson(context, run_id)
        # Without a label since, the run's own order is the one to show.
        rows = new_order(context, self.kept, lesson) if self.kept and lesson.changed else []
        shown = refitting.show_order(context, job, run_id, rows, breathing(pulse))
        return {
            "progress": {
                "stage": "done",
                "fraction": 1.0,
                "run": run_id,
                "event_id": lesson.event_id,
                "labels": lesson.changed if shown else 0,
                "moved": len(rows) if shown else 0,
            }
        }

    def _remember(self, context: Context, run_id: int, pulse: Pulse) -> Remembered | None:
        """What is kept of this run, with every component that is worth it; None without any."""
        ensemble = load_ensemble(context, run_id)
        most = min(self._most, MOST_BYTES // bytes_each(ensemble))
        wanted = np.array(refitting.worth_remembering(context, run_id, most), np.int64)
        kept = self.kept
        if kept is not None and kept.run_id == run_id:
            new = np.setdiff1d(wanted, kept.keys)
            if len(kept.keys) + len(new) > most:
                kept, new = None, wanted
        else:
            kept, new = None, wanted
        # Let go of before the next is made: there is room for one.
        self.kept = kept
        if not len(new):
            return kept
        with one_thread(pulse):
            return look_at(context, run_id, new, kept, pulse)


def bytes_each(ensemble: Ensemble) -> int:
    """What a component takes in the memory."""
    width = ensemble.load()[0].width
    return len(ensemble.models) * (4 * width + 8 * ensemble.config.classes) + 4 * len(names_alone())


def look_at(
    context: Context, run_id: int, keys: NDArray[np.int64], kept: Remembered | None, pulse: Pulse
) -> Remembered:
    """Let the run's networks look at these components; what they see is added to what is kept."""
    ensemble = load_ensemble(context, run_id)
    memories = [] if kept is None else [kept.memory]
    measures = [] if kept is None else [kept.measures]
    for start in range(0, len(keys), REMEMBERED_AT_ONCE):
        part = keys[start : start + REMEMBERED_AT_ONCE].tolist()
        some = components_of(context, part, pictured=ensemble.config.pictured)
        memories.append(remember(ensemble, some, device=device()))
        measures.append(measures_in(some))
        pulse({"stage": f"looking at components, {start:,} done", "fraction": start / len(keys)})
    together = keys if kept is None else np.concatenate([kept.keys, keys])
    folds = training.folds_before(context, run_id)
    return Remembered(
        run_id,
        ensemble,
        together,
        join(memories),
        filled(np.concatenate(measures)).astype(np.float32),
        np.array([folds.get(key, -1) for key in together.tolist()], np.int64),
    )


def measures_in(components: Components) -> NDArray[np.float32]:
    """(components, measures) of each by itself, as `components_of` gives them."""
    if components.measures is None:
        raise ValueError("The components came without measures.")
    return alone(components.measures)


def new_order(context: Context, kept: Remembered, lesson: Lesson) -> list[dict[str, Any]]:
    """Rows for `refitting.show_order`, what is or comes near the front of the queue first.

    Only of components that move.
    """
    wanted = judged(kept, lesson)
    row_of = {key: row for row, key in enumerate(kept.keys.tolist())}
    there = [row for row in refitting.in_queue(context, kept.run_id) if row.component_id in row_of]
    now = np.array([tuple(row)[1:] for row in there], np.float64).reshape(-1, len(REFITTED))
    rows = np.array([row_of[row.component_id] for row in there], np.int64)
    then = wanted[rows]
    unmoved = (np.abs(now - then) < LEAST_CHANGE) | (np.isnan(now) & np.isnan(then))
    moving = np.flatnonzero(~unmoved.all(axis=1))
    front = np.fmax(now[moving, 0], then[moving, 0])
    order = moving[np.argsort(-front, kind="stable")].tolist()
    return [
        {
            "component_id": there[row].component_id,
            **{
                name: None if np.isnan(value) else float(value)
                for name, value in zip(REFITTED, then[row], strict=True)
            },
        }
        for row in order
    ]


def judged(kept: Remembered, lesson: Lesson) -> NDArray[np.float64]:
    """(components, orders of `REFITTED`) by what the folds say after the lesson; NaN for none.

    A component that one fold tested is judged by that one alone, as in the run: it has taught the
    others. What a file says of components that came after the training teaches nothing, so that
    all folds may judge them.
    """
    keys, folds = kept.keys.tolist(), kept.fold_of
    answered = np.array([key in lesson.answered for key in keys], dtype=bool)
    labels = np.array([lesson.labels.get(key, 0) for key in keys], np.int64)
    labels[(folds < 0) & ~answered] = 0
    by_fold = refit(kept.ensemble, kept.memory, labels, folds)
    tested = np.flatnonzero(folds >= 0)
    probabilities = by_fold.mean(axis=0)
    probabilities[tested] = by_fold[folds[tested], tested]
    look = fit_look_on(kept.measures, answered)
    orders = {
        "queue_entropy": predictive_entropy(probabilities),
        "margin": margin(probabilities),
        **orders_of(probabilities, kept.measures, look, by_fold),
    }
    found = np.column_stack([np.array(orders[name], np.float64) for name in REFITTED])
    found[tested, REFITTED.index("mutual_information")] = np.nan
    return found


def breathing(pulse: Pulse) -> Callable[[], None]:
    """Called after each write: shows life, and lets labelers write half as long as we did."""
    began = time.monotonic()

    def breathe() -> None:
        nonlocal began
        pulse()
        time.sleep(min((time.monotonic() - began) / 2, LONGEST_BREATH_S))
        began = time.monotonic()

    return breathe


@contextmanager
def one_thread(pulse: Pulse) -> Iterator[None]:
    """Leave the other cores to whoever labels. While a training runs, the threads are its own:
    they are the process's, not a thread's.
    """
    if pulse.must_wait():
        yield
        return
    before = torch.get_num_threads()
    configure_threads(1)
    try:
        yield
    finally:
        if not pulse.must_wait():
            configure_threads(before)
