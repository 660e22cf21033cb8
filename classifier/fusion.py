"""Somata's default network: small convolutions for what no one has a name for, beside hand-made
measures for what everyone has.

On a few thousand labels of a dozen recordings either alone is beaten by both (docs/benchmarks.md
has the ablation).
"""

import torch
from torch import nn
from torch.nn import functional

from classifier.config import TrainingConfig
from classifier.layers import Classifier, Dropout, Residual, convolution
from classifier.trees import Trees

KNOTS = 33
IMAGE_WIDTH = 64
LEAST_RANK = 0.01
OTHERS = 3
TREES_SHARE = 2
"""For how many of the others the trees count. They are surer of themselves than the networks, so
that their word weighs more than a third."""

SPARED, SPARED_OF_FEW = 0.3, 0.5
"""The share of the measures hidden at each step: more where there are few examples, which else
would let a network lean on measures that fit them by chance."""

FEW = 1000

KINDS_MISSING = 2
"""Two more numbers for the network: whether the trace's and the context's measures are missing."""


class Ranks(nn.Module):
    """Each measure as its rank among the training part's, from 0 to 1.

    Ranks do not care about a measure's unit or tail, and a value beyond all that was seen in
    training is no further away than the last one that was: what keeps an odd recording from
    driving the network to extremes.
    """

    def __init__(self, measures: int) -> None:
        super().__init__()
        self.knots: torch.Tensor
        self.register_buffer("knots", torch.linspace(0, 1, KNOTS).repeat(measures, 1))

    def settle(self, numbers: torch.Tensor) -> None:
        """Take the knots from (components, measures); a measure without values keeps its own."""
        levels = torch.linspace(0, 1, KNOTS, device=numbers.device)
        found = torch.nanquantile(numbers, levels, dim=0).T
        self.knots.copy_(torch.where(torch.isfinite(found), found, self.knots))

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """(batch, measures) ranks; NaN where there is no value."""
        values = torch.nan_to_num(numbers, nan=0.0).T.contiguous()
        # Between equal knots any rank would do: the middle of both sides is the fair one.
        left = torch.searchsorted(self.knots, values)
        right = torch.searchsorted(self.knots, values, right=True)
        return torch.where(torch.isnan(numbers), numbers, self._between(values, left, right).T)

    def _between(
        self, values: torch.Tensor, left: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        above = left.clamp(1, KNOTS - 1)
        low, high = self.knots.gather(1, above - 1), self.knots.gather(1, above)
        part = ((values - low) / (high - low).clamp_min(1e-12)).clamp(0, 1)
        # Beyond the last knot, however little: knots may be nearer to each other than that.
        part = part.masked_fill(values >= high, 1)
        inside = (above - 1 + part) / (KNOTS - 1)
        tied = (left + right - 1) / (2 * (KNOTS - 1))
        return torch.where(right > left, tied, inside).clamp(0, 1)


class Fusion(Classifier):
    """Residual convolutions over mask and context, joined with ranked measures.

    The image branch ends in the greatest and the mask-weighted mean of each channel, so that a
    crop's neighbours count for less than what lies under the mask. The measures come in as the
    normal scores of their ranks. Beside the joint part, `OTHERS` small networks judge by the
    measures alone: together they are less often wrong than any, and cost next to nothing. So do
    boosted trees, which are grown after the last step.
    Source of the residual blocks: He et al. 2016.
    """

    measured = True
    rehearsals = 2

    def __init__(self, config: TrainingConfig, channels: int, measures: int) -> None:
        super().__init__()
        width, hidden = config.channels[0], config.hidden
        self.stem = convolution(channels, width, 5, stride=2)
        self.blocks = nn.Sequential(
            Residual(width, 2 * width, 3, 2),
            Residual(2 * width, 4 * width, 3, 2),
        )
        self.image = _dense(2 * 4 * width, IMAGE_WIDTH)
        self.ranks = Ranks(measures)
        scores = measures + KINDS_MISSING
        self.measures = nn.Sequential(
            Dropout(SPARED), _dense(scores, hidden), Dropout(config.dropout)
        )
        self.joint = nn.Sequential(_dense(IMAGE_WIDTH + hidden, hidden), Dropout(config.dropout))
        self.head = nn.Linear(hidden, config.classes)
        self.others = nn.ModuleList(
            nn.Sequential(
                Dropout(SPARED),
                _dense(scores, hidden), Dropout(config.dropout),
                _dense(hidden, hidden), Dropout(config.dropout),
                nn.Linear(hidden, config.classes),
            )
            for _ in range(OTHERS)
        )  # fmt: skip
        self.trees = Trees(config.trees, config.classes) if config.trees else None

    def settle(self, numbers: torch.Tensor) -> None:
        """See `Classifier.settle`."""
        self.ranks.settle(numbers)
        for part in (self.measures, *self.others):
            part[0].p = SPARED_OF_FEW if len(numbers) < FEW else SPARED

    def finish(
        self, scaled: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, seed: int
    ) -> None:
        """See `Classifier.finish`: the trees."""
        if self.trees is not None:
            self.trees.grow(scaled, targets, weights, seed)

    def scale(self, numbers: torch.Tensor) -> torch.Tensor:
        """See `Classifier.scale`: ranks."""
        ranks: torch.Tensor = self.ranks(numbers)
        return ranks

    def embed(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, hidden) what the joint part's last layer sees."""
        return self._embed(images, normal_scores(scaled))

    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.opinions`: the joint part's, the others', and in use the trees'."""
        scores = normal_scores(scaled)
        joint = functional.log_softmax(self.head(self._embed(images, scores)), dim=1)
        found = [joint[None], self._others(scores)]
        if self.trees is not None and not self.training and self.trees.grown:
            found.append(self.trees(scaled).expand(TREES_SHARE, -1, -1))
        return torch.cat(found)

    def by_measures(self, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.by_measures`."""
        return self._others(normal_scores(scaled))

    def _others(self, scores: torch.Tensor) -> torch.Tensor:
        logits = torch.stack([one(scores) for one in self.others])
        return functional.log_softmax(logits, dim=2)

    def _embed(self, images: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        seen = self.blocks(self.stem(images))
        weights = functional.adaptive_avg_pool2d(images[:, :1], seen.shape[-1]) ** 2
        weights = weights / (weights.sum(dim=(2, 3), keepdim=True) + 1e-6)
        pooled = torch.cat([seen.amax(dim=(2, 3)), (seen * weights).sum(dim=(2, 3))], dim=1)
        both = torch.cat([self.image(pooled), self.measures(scores)], dim=1)
        result: torch.Tensor = self.joint(both)
        return result


def normal_scores(ranks: torch.Tensor) -> torch.Tensor:
    """(batch, measures + 2) ranks on a normal scale, and how many of the measures are missing.

    A missing one has the middle of its range.
    """
    missing = torch.isnan(ranks)
    known = torch.where(missing, 0.5, ranks)
    scores = torch.special.ndtri(known.clamp(LEAST_RANK, 1 - LEAST_RANK))
    share = torch.stack([missing.float().mean(dim=1), missing.float().amax(dim=1)], dim=1)
    return torch.cat([scores, share], dim=1)


def _dense(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())
