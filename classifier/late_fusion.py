"""The committee and a deep residual network over the mask, each by itself and pooled in the end.

Late fusion: what a mask's outline tells a network that convolves and what measures tell the
committee err on other components. Each wants its own steps (docs/decisions/0013), so each is
trained alone, as if the other were not there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional

from classifier.committee import Committee
from classifier.config import MOST_EPOCHS, MOST_LEARNING_RATE, MOST_MIN_BATCHES, TrainingConfig
from classifier.layers import Classifier
from classifier.residual import ResidualNet

RESIDUAL: Mapping[str, Any] = {
    "architecture": "resnet",
    "inputs": ("mask",),
    "stem_stride": 1,
    "channels": (8, 8, 16, 16),
    "mixup": 0.0,
}
"""What the residual network is, whatever the committee is."""


def parts_of(config: TrainingConfig) -> dict[str, TrainingConfig]:
    """What each part of such a model is trained by. The longer training comes first.

    The residual network takes twice the passes, in steps of a quarter of the examples, and at
    least ten times as many of them.
    """
    residual = replace(
        config,
        **RESIDUAL,
        epochs=min(2 * config.epochs, MOST_EPOCHS),
        batch_size=max(2, config.batch_size // 4),
        min_batches=min(10 * config.min_batches, MOST_MIN_BATCHES),
        learning_rate=min(1.2 * config.learning_rate, MOST_LEARNING_RATE),
        weight_decay=0.2 * config.weight_decay,
    )
    return {
        "residual": residual,
        "committee": replace(config, architecture="committee", layers=None),
    }


class LateFusion(Classifier):
    """Both parts and their logarithmic pool. Source of the pool: Genest and Zidek, Combining
    Probability Distributions, Statistical Science 1986.
    """

    measured = True

    def __init__(self, config: TrainingConfig, measures: int) -> None:
        super().__init__()
        parts = parts_of(config)
        self.residual = ResidualNet(parts["residual"])
        self.committee = Committee(parts["committee"], measures)
        self.width, self.classes = self.committee.width, config.classes
        self.share = config.committee_share

    @property
    def parts(self) -> dict[str, Classifier]:
        """The parts by the names of `parts_of`."""
        return {"residual": self.residual, "committee": self.committee}

    def scale(self, numbers: torch.Tensor) -> torch.Tensor:
        """See `Classifier.scale`: ranks."""
        return self.committee.scale(numbers)

    def embed(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, hidden) what the committee's first network sees last."""
        return self.committee.embed(images, scaled)

    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.opinions`: those of both parts."""
        every = [part.opinions(images, scaled) for part in self.parts.values()]
        return torch.cat(every)

    def forward(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, classes) log-probabilities of the pool."""
        pooled = self.share * self.committee(images, scaled)
        pooled = pooled + (1 - self.share) * self.residual(images, scaled)
        return functional.log_softmax(pooled, dim=1)
