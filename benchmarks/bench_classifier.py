"""How fast the classifier trains on the demo and how right it is.

`python -m benchmarks.bench_classifier` from the project's root; `--seeds N`, `--threads N`,
`--public PATH`; `--publish` writes docs/benchmarks.md.

Trains on one imperfect annotator's labels, folds by recording, and compares the
out-of-fold predictions with the truth, which no training sees.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import machine, publish, table
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.metrics import classification_metrics
from classifier.simulate import SimulationConfig, simulate_recording
from classifier.training import configure_threads

PUBLIC = Path(__file__).resolve().parents[2] / "shared" / "data" / "simulated" / "public.npz"
RECORDINGS = 5
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "cross_entropy")


@dataclass(frozen=True, eq=False)
class Examples:
    """What is trained on (`labels`) and what it is compared with (`truth`)."""

    masks: NDArray[np.float32]
    labels: NDArray[np.int8]
    groups: NDArray[np.int64]
    truth: NDArray[np.int8]


def demo_examples(seed: int) -> Examples:
    """2,000 components of five simulated recordings, all labeled by one annotator."""
    config = SimulationConfig(frames=10, annotators=("annotator",), coverage=1.0)
    made = [simulate_recording(config, seed * RECORDINGS + index) for index in range(RECORDINGS)]
    return Examples(
        np.concatenate([r.masks for r in made]),
        np.concatenate([r.annotator_labels["annotator"] for r in made]),
        np.repeat(np.arange(RECORDINGS), config.components),
        np.concatenate([r.truth for r in made]),
    )


def public_examples(path: Path) -> Examples:
    """The shared simulated fields of view, with the labels of their one imperfect labeler."""
    with np.load(path) as data:
        return Examples(
            data["masks"], data["initial_label"], data["fov"].astype(np.int64), data["truth"]
        )


def measure(examples: Examples, config: TrainingConfig) -> dict[str, float]:
    """Seconds, rate, scores against truth, calibration against the labels before and after."""
    started = time.perf_counter()
    result = cross_validate(examples.masks, examples.labels, examples.groups, config)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    result.ensemble.predict(examples.masks)
    scoring = time.perf_counter() - started
    truth = classification_metrics(result.out_of_fold, examples.truth)
    passes = sum(len(fold["training_loss"]) for fold in result.metrics["folds"])
    share = (config.folds - 1) / config.folds
    return {
        "seconds, all folds": seconds,
        "trained components/s": passes * len(examples.masks) * share / seconds,
        "ensemble scored components/s": len(examples.masks) / scoring,
        **{f"{name} (truth)": truth[name] for name in SCORES},
        "macro_f1 (labels)": result.metrics["macro_f1"],
        "calibration error (labels)": result.metrics["calibration_error"],
        "the same before temperature": result.metrics["before_temperature"]["calibration_error"],
    }


def report(title: str, make: Callable[[int], Examples], threads: int, seeds: int) -> str:
    """A table of the mean and spread (standard deviation) of each measure over the seeds."""
    rows = [
        measure(make(seed), TrainingConfig(seed=seed, threads=threads)) for seed in range(seeds)
    ]
    lines = []
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        spread = values.std(ddof=min(1, seeds - 1))
        lines.append([name, f"{values.mean():.3f}", f"{spread:.3f}"])
    return table((f"{title}, {seeds} seeds, {threads} threads", "mean", "spread"), lines)


def main() -> None:
    """Prints both tables, the second only where its file is there; --publish writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--public", type=Path, default=PUBLIC)
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    configure_threads(options.threads)
    tables = [report("2,000 demo components", demo_examples, options.threads, options.seeds)]
    if options.public.exists():
        examples = public_examples(options.public)
        tables.append(
            report(options.public.name, lambda _: examples, options.threads, options.seeds)
        )
    else:
        tables.append("public.npz: not measured in this run.")
    text = "\n\n".join([machine(), *tables])
    print(text)
    if options.publish:
        publish("bench_classifier", text)


if __name__ == "__main__":
    main()
