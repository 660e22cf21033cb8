"""Components that nobody has labeled, learned from by what a first draft is surest of.

With few labels a network leans on what fits them by chance; how all the others are spread is
known without anybody's work. Source: Lee, Pseudo-Label (2013); Xie et al., Self-training with
Noisy Student (2020).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CODES
from classifier.config import TrainingConfig
from classifier.examples import Examples, joined, make_examples
from classifier.inference import predict_log_probabilities
from classifier.inputs import Components
from classifier.late_fusion import parts_of
from classifier.layers import Classifier
from classifier.training import BatchProgress, TrainingSet, new_model, seen_by, train_model

ENOUGH_LABELS = 1000
"""From there on guesses bring little, and take as long as the labels."""

SURE_SHARE = 2 / 3
"""Of those guessed to be of a class, the surest so many are learned from."""


def drawn(unlabeled: int, labels: int, config: TrainingConfig) -> NDArray[np.int64]:
    """Which of so many unlabeled components are learned from beside so many labels: at most
    `config.unlabeled`, and none once there are `ENOUGH_LABELS`.
    """
    most = config.unlabeled if labels < ENOUGH_LABELS else 0
    rng = np.random.default_rng([config.seed, unlabeled])
    return np.sort(rng.permutation(unlabeled)[:most])


@dataclass(frozen=True, eq=False)
class Unlabeled:
    """Prepared components without a label. recordings: (components,) which each is of."""

    examples: Examples
    recordings: NDArray[np.int64]

    @classmethod
    def drawn_from(
        cls, unlabeled: Components | None, labels: int, config: TrainingConfig
    ) -> "Unlabeled | None":
        """Those of these that are learned from beside so many labels; None where there are none.

        Raises ValueError where the config looks at measures and they have none: they are made
        beside the neighbours, which may be labeled.
        """
        if unlabeled is None or not len(rows := drawn(len(unlabeled), labels, config)):
            return None
        if config.measured and unlabeled.measures is None:
            raise ValueError("Unlabeled components need measures, made with their recordings.")
        some = unlabeled.take(rows)
        return cls(make_examples(some, config), some.groups)

    def without(self, recordings: ArrayLike) -> Examples:
        """Those of other recordings than these."""
        others = ~np.isin(self.recordings, recordings)
        return self.examples.take(torch.from_numpy(np.flatnonzero(others)))


def draft(
    data: TrainingSet,
    config: TrainingConfig,
    seed: int,
    device: torch.device,
    on_batch: Callable[[BatchProgress], None] = lambda progress: None,
) -> Classifier:
    """Who guesses: the model that the training goes on from, or one trained for this alone.

    seed: of the training that learns from the guesses; the draft gets another one.
    """
    if data.start is not None:
        model = new_model(config, seed).to(device)
        model.load_state_dict(data.start)
        return model
    if config.architecture == "late_fusion":
        # The committee can guess alone; the other part would take as long again as it does.
        config = parts_of(config)["committee"]
        data = seen_by(data, "committee", config)
    # Another seed than the second training's, so that the two err on their own.
    return train_model(data, config, seed=seed ^ 1, device=device, on_batch=on_batch).model


def draft_share(config: TrainingConfig) -> float:
    """About which share of a fold's time the draft takes."""
    return 0.05 if config.architecture == "late_fusion" else 0.5


def with_guesses(data: TrainingSet, draft: Classifier, unlabeled: Examples) -> TrainingSet:
    """The set, and behind it the unlabeled components that the draft is sure of.

    draft: trained on the set, or on fewer of the same labels.
    """
    logs = predict_log_probabilities(draft, unlabeled)
    guesses, sure = logs.argmax(axis=1), logs.max(axis=1)
    rows = [
        own[np.argsort(-sure[own], kind="stable")[: round(SURE_SHARE * len(own))]]
        for code in range(len(CODES))
        if len(own := np.flatnonzero(guesses == code))
    ]
    chosen = np.sort(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)
    return replace(
        data,
        examples=joined(data.examples, unlabeled.take(torch.from_numpy(chosen))),
        labels=np.concatenate([data.labels, guesses[chosen] + 1]),
        groups=np.concatenate([data.groups, np.full(len(chosen), -1)]),
        guessed=len(chosen),
    )
