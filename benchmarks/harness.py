"""Runs contenders over seeds, all on the same folds, and gathers what they score."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import Contender, Trained
from benchmarks.report import machine, publish
from benchmarks.simulated import PUBLIC, Fields, Referee, load, some_fields
from classifier.config import TrainingConfig
from classifier.ensemble import with_measures
from classifier.folds import FoldPlan, plan_folds
from classifier.training import configure_threads

FOLDS = 5
QUICK_FIELDS, QUICK_EACH = 6, 60
QUICK_TRAINING: dict[str, Any] = {"epochs": 2, "trees": 5, "batch_size": 64, "min_batches": 1}
"""Of a quick look: enough for every row, and for none to mean anything."""


@dataclass(frozen=True, eq=False)
class Run:
    """One contender's training with one seed."""

    contender: Contender
    seed: int
    plan: FoldPlan
    trained: Trained
    seconds: float


@dataclass(eq=False)
class Figures:
    """Figures by row and column, one a seed; printed as mean and spread."""

    values: dict[tuple[str, ...], dict[str, list[float]]] = field(default_factory=dict)

    def add(self, row: tuple[str, ...], figures: dict[str, float]) -> None:
        """One more seed's figures of a row."""
        columns = self.values.setdefault(row, {})
        for name, value in figures.items():
            columns.setdefault(name, []).append(value)

    def rows(self, columns: Sequence[str]) -> list[list[str]]:
        """Rows of text in the order they were first met; the last cell counts the seeds."""
        found = []
        for row, figures in self.values.items():
            cells = [spread(figures[name]) if name in figures else "" for name in columns]
            seeds = str(max(len(values) for values in figures.values()))
            found.append([*row, *cells, seeds])
        return found

    def mean(self, row: tuple[str, ...], column: str) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.values[row][column]))


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation over the seeds; the mean alone where there is one.

    An infinite figure is of a seed that never got there: how many did not is said instead.
    """
    never = sum(not np.isfinite(value) for value in values)
    if never:
        return f"never in {never} of {len(values)} seeds"
    digits = 0 if np.mean(values) >= 10 else 3
    text = f"{np.mean(values):.{digits}f}"
    return text if len(values) < 2 else f"{text} ± {np.std(values, ddof=1):.{digits}f}"


def plan_of(fields: Fields, seed: int) -> FoldPlan:
    """The folds by field of view that every contender gets for this seed."""
    return plan_folds(fields.labels, fields.components.groups, FOLDS, seed)


def run(contender: Contender, fields: Fields, seed: int) -> Run:
    """Train a contender on the folds of this seed."""
    plan = plan_of(fields, seed)
    say(f"seed {seed}: {contender.name} ({contender.inputs})")
    started = time.perf_counter()
    trained = contender.train(fields, plan, seed)
    return Run(contender, seed, plan, trained, time.perf_counter() - started)


def basic_scores(scores: dict[str, Any]) -> dict[str, float]:
    """The four scores that the tables show, of all that the referee gave."""
    return {
        "macro F1": scores["macro_f1"],
        "accuracy": scores["accuracy"],
        "cross-entropy": scores["cross_entropy"],
        "calibration error": scores["calibration_error"],
    }


def say(text: str) -> None:
    """Tell how far it is, beside the result and not in it."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    quick: bool
    publish: bool
    seeds: int
    threads: int
    data: Path
    only: tuple[str, ...]

    @classmethod
    def parse(cls, about: str | None, arguments: Sequence[str] | None = None) -> "Options":
        """The options that every benchmark of the classifier has."""
        parser = argparse.ArgumentParser(
            description=about, formatter_class=argparse.RawTextHelpFormatter
        )
        parser.add_argument("--quick", action="store_true", help="a few fields, one seed")
        parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md")
        parser.add_argument("--seeds", type=int, default=3)
        parser.add_argument("--threads", type=int, default=2)
        parser.add_argument("--data", type=Path, default=PUBLIC, help="the simulated fields")
        parser.add_argument("--only", nargs="+", default=(), metavar="NAME",
                            help="only the rows whose names hold one of these")  # fmt: skip
        given = parser.parse_args(arguments)
        if given.publish and (given.quick or given.only):
            parser.error("--publish takes the whole run: leave --quick and --only out")
        if min(given.seeds, given.threads) < 1:
            parser.error("--seeds and --threads must be at least 1")
        seeds = 1 if given.quick else given.seeds
        return cls(given.quick, given.publish, seeds, given.threads, given.data, tuple(given.only))

    def training(self) -> TrainingConfig:
        """Somata's default, hardly trained for a quick look."""
        config = TrainingConfig(threads=self.threads)
        return replace(config, **QUICK_TRAINING) if self.quick else config

    def load(self) -> tuple[Fields, Referee]:
        """The data, a part of it for a quick look; sets the threads too."""
        configure_threads(self.threads)
        fields, referee = load(self.data)
        if self.quick:
            fields, referee = some_fields(fields, referee, QUICK_FIELDS, QUICK_EACH)
        # Measured once, before anybody's clock runs: the app keeps measures too.
        return replace(fields, components=with_measures(fields.components)), referee

    def chosen(self, names: Sequence[str]) -> list[str]:
        """The names that hold one of the words of --only, or all.

        Raises SystemExit where none does.
        """
        words = [word.lower() for word in self.only]
        found = [name for name in names if not words or any(word in name.lower() for word in words)]
        if not found:
            raise SystemExit(f"--only names none of: {', '.join(names)}.")
        return found

    def report(self, name: str, tables: Sequence[str], started: float) -> str:
        """Print the result, and publish it where that was asked for."""
        minutes = (time.perf_counter() - started) / 60
        head = f"{machine()} {minutes:.1f} minutes, {self.threads} threads."
        text = "\n\n".join([head, *tables])
        print(text)
        if self.publish:
            publish(name, text)
        return text
