"""Every architecture of the registry that convolves, on masks alone, beside the default.

    python -m benchmarks.architectures             all of them, 3 seeds (under 30 minutes)
    python -m benchmarks.architectures --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.architectures --publish   and write docs/benchmarks.md

Half of the fields of view are trained on to predict the other half, and the other way round, so
that 19 and 34 layers can be afforded. Settings were chosen by the labels of one half.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.actions.exporting_models import MASKS_ALONE
from benchmarks.caiman_cnn import CaimanCnn
from benchmarks.contenders import Contender
from benchmarks.hand_features import MASK, MASK_AND_RECORDING, FeatureTable
from benchmarks.harness import QUICK_TRAINING, Figures, Options, basic_scores, say
from benchmarks.peers import gradient_boosting, hand_made_peers
from benchmarks.report import table
from benchmarks.simulated import Fields, Probabilities
from benchmarks.somata_contender import Somata
from classifier.config import LAYERS, TrainingConfig
from classifier.crossval import cross_validate
from classifier.folds import plan_folds

HALVES = 2
CONVOLVING: dict[str, Any] = {
    "inputs": (MASK,), "batch_size": 64, "learning_rate": 0.003, "weight_decay": 0.01, "mixup": 0.0,
    "channels": (8, 8, 16, 16), "hidden": 64,
}  # fmt: skip
"""Of all: small widths, and as many steps as the time allows."""
PASSES = 8
EXPORTED = "resnet, as Train on masks alone has it"
"""Of 24 passes, on the whole grid."""
COLUMNS = ("macro F1", "accuracy", "cross-entropy", "calibration error", "seconds")
LOSSES = ("first pass", "last pass")


def networks(options: Options) -> dict[str, TrainingConfig]:
    """Name to config, from the shallowest of each kind to the deepest."""
    config = replace(TrainingConfig(threads=options.threads, epochs=PASSES), **CONVOLVING)
    found = {
        f"{architecture}, {layers} layers": replace(
            config, architecture=architecture, layers=layers
        )
        for architecture in ("cnn", "vgg", "resnet")
        for layers in LAYERS[architecture]
    }
    exported = TrainingConfig.from_dict(MASKS_ALONE)
    found[EXPORTED] = replace(exported, threads=options.threads)
    found["cnn, not augmented"] = replace(found["cnn, 4 layers"], augment=False)
    if options.quick:
        return {
            name: replace(one, **{**QUICK_TRAINING, "epochs": 1}) for name, one in found.items()
        }
    return found


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    figures, losses, features = Figures(), Figures(), FeatureTable()
    boosting = partial(gradient_boosting, rounds=20) if options.quick else gradient_boosting
    peers: list[Contender] = [
        *hand_made_peers(features, (MASK,), boosting),
        CaimanCnn(passes=1 if options.quick else PASSES),
        Somata("Somata", MASK_AND_RECORDING, options.training()),
    ]
    chosen = options.chosen([one.name for one in peers] + list(networks(options)))

    def note(row: tuple[str, str], found: Probabilities, since: float) -> None:
        seconds = time.perf_counter() - since
        figures.add(row, {**basic_scores(referee.scores(found)), "seconds": seconds})

    for seed in range(options.seeds):
        plan = plan_folds(fields.labels, fields.components.groups, HALVES, seed)
        for peer in [one for one in peers if one.name in chosen]:
            say(f"seed {seed}: {peer.name}")
            since = time.perf_counter()
            note((peer.name, peer.inputs), peer.train(fields, plan, seed).out_of_fold, since)
        for name, config in networks(options).items():
            if name not in chosen:
                continue
            say(f"seed {seed}: {name}")
            since = time.perf_counter()
            found, course = trained(fields, replace(config, seed=seed, folds=HALVES))
            note((name, MASK), found, since)
            losses.add((name,), course)
    return options.report("architectures", tables(figures, losses), started)


def trained(fields: Fields, config: TrainingConfig) -> tuple[Probabilities, dict[str, float]]:
    """Out-of-fold probabilities, and the loss in training of the first pass and of the last."""
    result = cross_validate(fields.components, fields.labels, config)
    curves = [fold["training_loss"] for fold in result.metrics["folds"]]
    ends = [sum(curve[at] for curve in curves) / len(curves) for at in (0, -1)]
    return result.out_of_fold, dict(zip(LOSSES, ends, strict=True))


def tables(figures: Figures, losses: Figures) -> Sequence[str]:
    """How right each is, and whether the deep ones learned."""
    found = [
        "Against truth, in the half of the fields of view that was not trained on:",
        table(("model", "inputs", *COLUMNS, "seeds"), figures.rows(COLUMNS)),
    ]
    if losses.values:
        found += [
            "Loss in training (nats; of augmented masks and smoothed, balanced labels, so that "
            "even the best is far from 0):",
            table(("model", *LOSSES, "seeds"), losses.rows(LOSSES)),
        ]
    return found


if __name__ == "__main__":
    measure(Options.parse(__doc__))
