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
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.caiman_cnn import SHAPE, predict
from benchmarks.contenders import Trained
from benchmarks.hand_features import ALL, MASK
from benchmarks.harness import FOLDS, Options, plan_of, run, say
from benchmarks.report import table
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from benchmarks.somata_contender import Somata
from classifier.classes import columns_of
from classifier.config import TrainingConfig
from classifier.crossval import WarmStart, cross_validate
from classifier.inputs import Components
from classifier.models import build_model
from classifier.prepare import prepare_masks

BATCHES = (32, 128, 512)
TURNS, QUICK_TURNS = 5, 1
REFERENCE_PASSES = 3
REFERENCE, QUICK_REFERENCE = (15, 128), (1, 32)
"""Steps that the reference is timed for, and examples a step."""
WITHIN = 0.005
EPOCHS, QUICK_EPOCHS = (2, 4, 8, 16), (1, 2)
ANSWERED_AGAIN = 0.03

CNN = "the document's CNN"
WIDTHS: dict[str, Any] = {"stem_stride": 1, "channels": (32, 32, 64, 64), "hidden": 512}
DOCUMENT = TrainingConfig(architecture="cnn", inputs=("mask",), **WIDTHS)
"""With the widths of its source, the CIFAR example that is CaImAn's too: the document gives none.
`cnn` is some third as wide unless asked for more."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """Something that scores components. score: with the batch size given; 0 is its own."""

    name: str
    score: Callable[[Components, int], Probabilities]
    batches: Sequence[int] = (0,)


def caiman_scorer() -> Scorer:
    """CaImAn's shape in fp32 with its preparation; channels last, the faster way for it here."""
    model = build_model(SHAPE).eval()
    return Scorer(
        "CaImAn's CNN, fp32",
        lambda components, batch: predict(model, components.masks, batch),
        BATCHES,
    )


def trained_scorers(name: str, trained: Trained, *, measured: bool) -> list[Scorer]:
    """One of a contender's models, as it predicts in use: measuring anew, or with kept measures."""

    def score(components: Components) -> Probabilities:
        return trained.by_fold(components, np.zeros(len(components), dtype=np.int64))

    anew = Scorer(name, lambda components, _batch: score(replace(components, measures=None)))
    if not measured:
        return [anew]
    return [anew, Scorer(f"{name}, measures kept", lambda components, _batch: score(components))]


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

    def __init__(self, fields: Fields, batch_size: int) -> None:
        self.masks = prepare_masks(fields.components.masks)
        self.targets = torch.from_numpy(columns_of(fields.labels))
        self.batch_size = batch_size
        self.model = build_model(DOCUMENT)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.generator = torch.Generator().manual_seed(0)
        self.rates: list[float] = []

    def time(self, steps: int) -> None:
        """Note how many components a second so many steps of training take in."""
        self.model.train()
        no_measures = torch.zeros((self.batch_size, 0))
        started = time.perf_counter()
        for _ in range(steps):
            rows = torch.randint(0, len(self.masks), (self.batch_size,), generator=self.generator)
            images = self.masks[rows].contiguous(memory_format=torch.channels_last)
            loss = functional.nll_loss(self.model(images, no_measures), self.targets[rows])
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
    """One whole training. reference_seconds: the reference's time, taken just before and after."""

    name: str
    seconds: float
    macro_f1: float
    reference_seconds: float


def trials(
    somata: Somata, fields: Fields, referee: Referee, options: Options
) -> tuple[list[Trial], Trained]:
    """Trainings with schedules of ever more epochs, and the models of the last."""
    found: list[Trial] = []
    every: list[Trained] = []
    for epochs in QUICK_EPOCHS if options.quick else EPOCHS:

        def train(epochs: int = epochs) -> Probabilities:
            config = replace(somata.config, epochs=epochs)
            every.append(run(replace(somata, config=config), fields, seed=0).trained)
            return every[-1].out_of_fold

        found.append(timed(f"{epochs} epochs", train, fields, referee, options))
    return found, every[-1]


def timed(
    name: str,
    train: Callable[[], Probabilities],
    fields: Fields,
    referee: Referee,
    options: Options,
) -> Trial:
    """A training with the reference timed before and after it."""
    steps, batch_size = QUICK_REFERENCE if options.quick else REFERENCE
    reference = Reference(fields, batch_size)
    # The first step allocates and chooses kernels.
    reference.time(1)
    reference.rates.clear()
    reference.time(steps)
    started = time.perf_counter()
    out_of_fold = train()
    seconds = time.perf_counter() - started
    reference.time(steps)
    macro_f1 = float(referee.scores(out_of_fold)["macro_f1"])
    say(f"{name}: macro F1 {macro_f1:.3f} in {seconds:.0f} s")
    return Trial(name, seconds, macro_f1, reference.seconds())


def warm_trials(somata: Somata, fields: Fields, referee: Referee, options: Options) -> list[Trial]:
    """After some labels were given anew: training from the last weights, and all over again."""
    config = somata.own_config
    if options.quick:
        config = replace(config, epochs=QUICK_EPOCHS[-1])
    before = cross_validate(fields.components, fields.labels, config)
    labels = answered_again(fields.labels, referee)

    def again(start: WarmStart | None) -> Callable[[], Probabilities]:
        return lambda: cross_validate(fields.components, labels, config, warm=start).out_of_fold

    ways = {
        "from the last weights": again(WarmStart(before.ensemble, before.fold_of)),
        "all over again": again(None),
    }
    return [timed(name, train, fields, referee, options) for name, train in ways.items()]


def answered_again(labels: Labels, referee: Referee) -> Labels:
    """The labels after a labeler has answered a few at random once more."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(labels))[: round(ANSWERED_AGAIN * len(labels))]
    changed = labels.copy()
    changed[rows] = referee.answer(rows, rng)
    return changed


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    config = options.training()
    default = Somata("Somata", ALL, config)
    learned, trained = trials(default, fields, referee, options)
    warm = warm_trials(default, fields, referee, options)
    plan, brief = plan_of(fields, 0), replace(config, epochs=1)
    narrow = replace(brief, architecture="cnn")
    wide = replace(narrow, **WIDTHS)
    document = [Somata(widths_in_words(one), MASK, one) for one in (wide, narrow)]
    by_mask = replace(default, name="Somata, mask", inputs=MASK, config=brief)
    scorers = [
        caiman_scorer(),
        *(
            scorer
            for one in document
            for scorer in trained_scorers(one.name, one.train(fields, plan, 0), measured=False)
        ),
        *trained_scorers(by_mask.name, by_mask.train(fields, plan, 0), measured=True),
        *trained_scorers(f"Somata, {ALL}", trained, measured=True),
    ]
    rates = scoring_rates(scorers, fields.components, QUICK_TURNS if options.quick else TURNS)
    tables = [*scoring_table(rates), *training_table(learned), *warm_table(warm)]
    return options.report("speed", tables, started)


def widths_in_words(config: TrainingConfig) -> str:
    """The document's CNN, which has no widths of its own."""
    return f"{CNN}, {config.channels[0]} and {config.channels[-1]} channels"


def scoring_table(rates: dict[str, tuple[float, int]]) -> list[str]:
    """Components a second, and how many times CaImAn's."""
    base = next(iter(rates.values()))[0]
    rows = [
        [name, f"{rate:,.0f}", str(batch) if batch else "its own", f"{rate / base:.1f}x"]
        for name, (rate, batch) in rates.items()
    ]
    return [
        "Components in, probabilities out, one model. Masks are prepared and measures made in that "
        "time, but for the rows that say measures kept, as they are from a first look on:",
        table(("model", "components/s", "batch", "against CaImAn's"), rows),
    ]


def training_table(learned: Sequence[Trial]) -> list[str]:
    """Time and macro F1 by epochs, and which is the first within half a point of the best."""
    best = max(trial.macro_f1 for trial in learned)
    enough = next(trial for trial in learned if trial.macro_f1 >= best - WITHIN)
    return [
        f"Training all {FOLDS} folds with a schedule of so many epochs, against the time of "
        f"{REFERENCE_PASSES} passes of {widths_in_words(DOCUMENT)}, in plain fp32 over the same "
        "folds (its steps timed just before and after, scaled to all):",
        trial_table("schedule", learned),
        f"Within half a point of the best macro F1 after {enough.name}: "
        f"{enough.seconds / enough.reference_seconds:.2f} of the reference's time.",
    ]


def warm_table(warm: Sequence[Trial]) -> list[str]:
    """What a warm start takes and gives."""
    return [
        f"After {ANSWERED_AGAIN:.0%} of the labels were given anew:",
        trial_table("training", warm),
    ]


def trial_table(what: str, found: Sequence[Trial]) -> str:
    """A row a training."""
    rows = [
        [
            trial.name,
            f"{trial.macro_f1:.3f}",
            f"{trial.seconds:.1f}",
            f"{trial.reference_seconds:.1f}",
            f"{trial.seconds / trial.reference_seconds:.2f}",
        ]
        for trial in found
    ]
    return table((what, "macro F1", "seconds", "the reference's", "ratio"), rows)


if __name__ == "__main__":
    measure(Options.parse(__doc__))
