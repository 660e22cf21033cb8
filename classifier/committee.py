"""Somata's default: small networks and boosted trees that judge by the hand-made measures alone.

Together they are less often wrong than any of them. On a few thousand labels of a dozen recordings
convolutions beside them (`fusion`) add next to nothing, and take nearly all the time
(docs/decisions/0013).
"""

import torch
from torch import nn
from torch.nn import functional

from classifier.config import TrainingConfig
from classifier.layers import Classifier, Dropout
from classifier.trees import Trees

KNOTS = 33
"""One more than a power of two."""
LEAST_RANK = 0.01
NETWORKS = 3
TREES_SHARE = 2
"""For how many networks the trees count. They are surer of themselves than the networks, so that
their word weighs more than that."""

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
        left = _below(self.knots, values)
        # Where a value is a knot, it is all knots that are equal to that one.
        last = (left == KNOTS).long()
        ends = torch.searchsorted(self.knots, self.knots, right=True)
        at = left - last
        right = torch.where(self.knots.gather(1, at) == values, ends.gather(1, at), left)
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


def _below(knots: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """(measures, batch) how many knots of its row lie below each value.

    By halves, all at once: `torch.searchsorted` takes each value alone, and four times as long.
    """
    beyond = knots.new_full((len(knots), KNOTS - 2), torch.inf)
    padded = torch.cat([knots, beyond], dim=1)
    count = torch.zeros_like(values, dtype=torch.int64)
    step = KNOTS - 1
    while step:
        count.add_(padded.gather(1, count + (step - 1)) < values, alpha=step)
        step //= 2
    return count


class Networks(nn.Module):
    """`NETWORKS` small networks of two hidden layers, side by side in each operation: apart they
    would take three times as many, and the folds that train beside each other wait for Python's
    lock at each.
    """

    def __init__(self, inputs: int, config: TrainingConfig) -> None:
        super().__init__()
        self.spare = Dropout(SPARED)
        self.first = _Layers(inputs, config.hidden)
        self.second = _Layers(config.hidden, config.hidden)
        self.last = _Layers(config.hidden, config.classes)
        self.norms = nn.ModuleList(nn.BatchNorm1d(NETWORKS * config.hidden) for _ in range(2))
        self.drop = Dropout(config.dropout)

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """(networks, batch, classes) log-probabilities. scores: (batch, inputs)."""
        return functional.log_softmax(self.last(self.hidden(scores)), dim=2)

    def hidden(self, scores: torch.Tensor) -> torch.Tensor:
        """(networks, batch, hidden) what the last layers see."""
        seen: torch.Tensor = self.spare(scores.expand(NETWORKS, -1, -1))
        for layers, norm in zip((self.first, self.second), self.norms, strict=True):
            flat = layers(seen).transpose(0, 1).flatten(1)
            seen = self.drop(functional.relu(norm(flat), inplace=True))
            seen = seen.unflatten(1, (NETWORKS, -1)).transpose(0, 1)
        return seen


class _Layers(nn.Module):
    """A fully connected layer for each network."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        drawn = [nn.Linear(inputs, outputs) for _ in range(NETWORKS)]
        self.weight = nn.Parameter(torch.stack([one.weight.detach().T for one in drawn]))
        self.bias = nn.Parameter(torch.stack([one.bias.detach()[None] for one in drawn]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(networks, batch, outputs)."""
        return torch.baddbmm(self.bias, x, self.weight)


class Committee(Classifier):
    """`NETWORKS` small networks over the normal scores of the measures' ranks, and boosted trees
    over the ranks, which are grown after the last step. Their mean predicts.
    """

    measured = True
    rehearsals = 2

    def __init__(self, config: TrainingConfig, measures: int) -> None:
        super().__init__()
        self.width, self.classes = config.hidden, config.classes
        self.ranks = Ranks(measures)
        self.networks = Networks(measures + KINDS_MISSING, config)
        self.trees = Trees(config.trees, config.classes) if config.trees else None

    def settle(self, numbers: torch.Tensor) -> None:
        """See `Classifier.settle`."""
        self.ranks.settle(numbers)

    def expect(self, examples: int) -> None:
        """See `Classifier.expect`."""
        self.hide_measures(SPARED_OF_FEW if examples < FEW else SPARED)

    def hide_measures(self, share: float) -> None:
        """Hide this share of the measures from each network at each step of its training."""
        self.networks.spare.p = share

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
        """(batch, hidden) what the first network's last layer sees."""
        hidden: torch.Tensor = self.networks.hidden(normal_scores(scaled))
        return hidden[0]

    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.opinions`: the networks', and in use the trees'."""
        return torch.cat([self.by_measures(scaled), *self.of_trees(scaled)])

    def by_measures(self, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.by_measures`."""
        found: torch.Tensor = self.networks(normal_scores(scaled))
        return found

    def of_trees(self, scaled: torch.Tensor) -> list[torch.Tensor]:
        """The trees' log-probabilities as often as they count, once they have grown."""
        if self.trees is None or self.training or not self.trees.grown:
            return []
        return [self.trees(scaled).expand(TREES_SHARE, -1, -1)]


def normal_scores(ranks: torch.Tensor) -> torch.Tensor:
    """(batch, measures + 2) ranks on a normal scale, and how many of the measures are missing.

    A missing one has the middle of its range.
    """
    missing = torch.isnan(ranks)
    known = torch.where(missing, 0.5, ranks)
    scores = torch.special.ndtri(known.clamp(LEAST_RANK, 1 - LEAST_RANK))
    share = torch.stack([missing.float().mean(dim=1), missing.float().amax(dim=1)], dim=1)
    return torch.cat([scores, share], dim=1)
