"""The committee beside small convolutions, which look for what no one has a name for."""

import torch
from torch import nn
from torch.nn import functional

from classifier.committee import KINDS_MISSING, SPARED, Committee, normal_scores
from classifier.config import TrainingConfig
from classifier.layers import Dropout, Residual, convolution

IMAGE_WIDTH = 64


class Fusion(Committee):
    """Residual convolutions over mask and context, joined with ranked measures, in a committee.

    The image branch ends in the greatest and the mask-weighted mean of each channel, so that a
    crop's neighbours count for less than what lies under the mask. The measures come in as the
    normal scores of their ranks. Source of the residual blocks: He et al. 2016.
    """

    def __init__(self, config: TrainingConfig, channels: int, measures: int) -> None:
        super().__init__(config, measures)
        width, hidden = config.channels[0], config.hidden
        self.stem = convolution(channels, width, 5, stride=2)
        self.blocks = nn.Sequential(
            Residual(width, 2 * width, 3, 2),
            Residual(2 * width, 4 * width, 3, 2),
        )
        self.image = _dense(2 * 4 * width, IMAGE_WIDTH)
        self.spare = Dropout(SPARED)
        self.measures = nn.Sequential(
            self.spare, _dense(measures + KINDS_MISSING, hidden), Dropout(config.dropout)
        )
        self.joint = nn.Sequential(_dense(IMAGE_WIDTH + hidden, hidden), Dropout(config.dropout))
        self.head = nn.Linear(hidden, config.classes)

    def hide_measures(self, share: float) -> None:
        """See `Committee.hide_measures`."""
        super().hide_measures(share)
        self.spare.p = share

    def embed(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, hidden) what the joint part's last layer sees."""
        return self._embed(images, normal_scores(scaled))

    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.opinions`: the joint part's, and the committee's."""
        scores = normal_scores(scaled)
        joint = functional.log_softmax(self.head(self._embed(images, scores)), dim=1)
        return torch.cat([joint[None], self.networks(scores), *self.of_trees(scaled)])

    def _embed(self, images: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        seen = self.blocks(self.stem(images))
        weights = functional.adaptive_avg_pool2d(images[:, :1], seen.shape[-1]) ** 2
        weights = weights / (weights.sum(dim=(2, 3), keepdim=True) + 1e-6)
        pooled = torch.cat([seen.amax(dim=(2, 3)), (seen * weights).sum(dim=(2, 3))], dim=1)
        both = torch.cat([self.image(pooled), self.measures(scores)], dim=1)
        result: torch.Tensor = self.joint(both)
        return result


def _dense(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())
