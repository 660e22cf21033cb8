"""How fast models score and train, against CaImAn's CNN and the document's, in the same minutes.

    python -m benchmarks.speed             full (under 30 minutes)
    python -m benchmarks.speed --quick     a few fields and steps (under 2 minutes)
    python -m benchmarks.speed --publish   and write docs/benchmarks.md

This machine swings several-fold, so rivals take turns, each figure is the median of its turns,
and only ratios within one run mean anything.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.caiman_cnn import caiman_patches, caiman_shape
from benchmarks.contenders import Trained
from benchmarks.hand_features import MASK
from benchmarks.harness import FOLDS, Options, plan_of, run, say
from benchmarks.report import table
from benchmarks.simulated import Fields, Probabilities, Referee
from benchmarks.somata_contender import Somata
from classifier.classes import columns_of
from classifier.config import TrainingConfig
from classifier.inputs import Components
from classifier.models import build_model
from classifier.prepare import prepare_masks

BATCHES = (32, 128, 512)
TURNS, QUICK_TURNS = 5, 2
REFERENCE_PASSES = 3
WITHIN = 0.005
EPOCHS, QUICK_EPOCHS = (3, 5, 8, 12, 20), (1, 2)

DOCUMENT = TrainingConfig(
    architecture="cnn", stem_stride=1, channels=(32, 32, 64, 64), hidden=512, dropout=0.25
)
"""The document's CNN as its source, the CIFAR example that CaImAn's is too, has the widths."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """Something that scores components. score: with the batch size given."""

    name: str
    score: Callable[[Components, int], Probabilities]
    batches: Sequence[int]


def caiman_scorer() -> Scorer:
    """CaImAn's shape in fp32 with its preparation; channels last, the faster way for it here."""
    model = caiman_shape().eval()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form

    def score(components: Components, batch: int) -> Probabilities:
        with torch.inference_mode():
            parts = [
                model(patches.contiguous(memory_format=torch.channels_last))
                for patches in caiman_patches(components.masks).split(batch)
            ]
        return np.asarray(torch.cat(parts).exp().numpy())

    return Scorer("CaImAn's CNN, fp32", score, BATCHES)


def trained_scorer(name: str, trained: Trained) -> Scorer:
    """One of a contender's models, as it predicts in use; it picks its own batch."""
    return Scorer(
        name,
        lambda components, _batch: trained.by_fold(
            components, np.zeros(len(components), dtype=np.int64)
        ),
        (0,),
    )


def scoring_rates(
    scorers: Sequence[Scorer], components: Components, turns: int
) -> dict[str, tuple[float, int]]:
    """Name to components a second and the batch it was best with; all take turns."""
    seconds: dict[tuple[str, int], list[float]] = {}
    for turn in range(turns + 1):
        for scorer in scorers:
            for batch in scorer.batches:
                started = time.perf_counter()
                scorer.score(components, batch)
                # The first turn warms up caches and compilers.
                if turn:
                    seconds.setdefault((scorer.name, batch), []).append(
                        time.perf_counter() - started
                    )
    found: dict[str, tuple[float, int]] = {}
    for (name, batch), taken in seconds.items():
        rate = len(components) / statistics.median(taken)
        if rate > found.get(name, (0.0, 0))[0]:
            found[name] = (rate, batch)
    return found


class Reference:
    """The document's CNN in plain fp32: no more than forward, backward and Adam."""

    def __init__(self, fields: Fields, batch_size: int = 128) -> None:
        self.masks = prepare_masks(fields.components.masks)
        self.targets = torch.from_numpy(columns_of(fields.labels))
        self.batch_size = batch_size
        self.model: nn.Module = build_model(DOCUMENT)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.generator = torch.Generator().manual_seed(0)
        self.rates: list[float] = []

    def time(self, steps: int) -> None:
        """Note how many components a second so many steps of training take in."""
        self.model.train()
        started = time.perf_counter()
        for _ in range(steps):
            rows = torch.randint(0, len(self.masks), (self.batch_size,), generator=self.generator)
            said = self.model(self.masks[rows].contiguous(memory_format=torch.channels_last))
            loss = functional.nll_loss(said, self.targets[rows])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        self.rates.append(steps * self.batch_size / (time.perf_counter() - started))

    def seconds(self) -> float:
        """What its passes over the training parts of all folds take at the rates noted."""
        components = REFERENCE_PASSES * len(self.masks) * (FOLDS - 1)
        return components / statistics.fmean(self.rates)


@dataclass(frozen=True)
class Trial:
    """One whole training with a budget of epochs. rate: of the reference just before and after."""

    epochs: int
    seconds: float
    macro_f1: float
    reference_seconds: float


def trials(
    somata: Somata, fields: Fields, referee: Referee, options: Options
) -> tuple[list[Trial], Trained]:
    """Trainings with ever more epochs, each with the reference timed before and after it."""
    steps = 2 if options.quick else 15
    found = []
    trained: Trained | None = None
    for epochs in QUICK_EPOCHS if options.quick else EPOCHS:
        reference = Reference(fields)
        reference.time(steps)
        config = replace(somata.config, epochs=epochs)
        done = run(replace(somata, config=config), fields, seed=0)
        reference.time(steps)
        trained = done.trained
        macro_f1 = float(referee.scores(trained.out_of_fold)["macro_f1"])
        found.append(Trial(epochs, done.seconds, macro_f1, reference.seconds()))
        say(f"{epochs} epochs: {macro_f1:.3f} in {done.seconds:.0f} s")
    assert trained is not None
    return found, trained


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    config = TrainingConfig(threads=options.threads)
    default = Somata("Somata's default", MASK, config)
    learned, trained = trials(default, fields, referee, options)
    document = Somata("the document's CNN", MASK, replace(config, architecture="cnn", epochs=1))
    scorers = [
        caiman_scorer(),
        trained_scorer(document.name, document.train(fields, plan_of(fields, 0), 0)),
        trained_scorer(default.name, trained),
    ]
    rates = scoring_rates(scorers, fields.components, QUICK_TURNS if options.quick else TURNS)
    return options.report("speed", [*scoring_table(rates), *training_table(learned)], started)


def scoring_table(rates: dict[str, tuple[float, int]]) -> list[str]:
    """Components a second, and how many times CaImAn's."""
    base = next(iter(rates.values()))[0]
    rows = [
        [name, f"{rate:,.0f}", str(batch) if batch else "its own", f"{rate / base:.1f}x"]
        for name, (rate, batch) in rates.items()
    ]
    return [
        "Raw masks in, probabilities out, one model, preparation included:",
        table(("model", "components/s", "batch", "against CaImAn's"), rows),
    ]


def training_table(learned: Sequence[Trial]) -> list[str]:
    """Time and macro F1 by epochs, and which is the first within half a point of the best."""
    best = max(trial.macro_f1 for trial in learned)
    enough = next(trial for trial in learned if trial.macro_f1 >= best - WITHIN)
    rows = [
        [
            str(trial.epochs),
            f"{trial.macro_f1:.3f}",
            f"{trial.seconds:.0f}",
            f"{trial.reference_seconds:.0f}",
            f"{trial.seconds / trial.reference_seconds:.2f}",
        ]
        for trial in learned
    ]
    return [
        f"Training all {FOLDS} folds with a schedule of so many epochs, against the time of "
        f"{REFERENCE_PASSES} passes of the document's CNN in plain fp32 over the same folds (its "
        "steps timed just before and after, scaled to all):",
        table(("epochs", "macro F1", "seconds", "the reference's", "ratio"), rows),
        f"Within half a point of the best macro F1 after {enough.epochs} epochs: "
        f"{enough.seconds / enough.reference_seconds:.2f} of the reference's time.",
    ]


if __name__ == "__main__":
    measure(Options.parse(__doc__))
