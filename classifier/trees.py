"""Boosted trees over the ranked measures, as arrays that a network carries among its weights.

scikit-learn grows them, where a model is trained; here they are followed, so that a stored model
stays numbers alone and predicts wherever the network does.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

LEAVES = 12
NODES = 2 * LEAVES - 1
DEPTH = 6
LEARNING_RATE = 0.12
LEAST_IN_LEAF, MOST_IN_LEAF = 10, 80
"""Examples; each comes twice, once with a part of it hidden."""

BINS = 64
"""Levels that ranks are rounded to. They lie evenly already; where there are more levels than bins,
scikit-learn looks for weighted percentiles of each measure, which takes longer than all trees."""


class Trees(nn.Module):
    """As many trees a class as there are rounds; each round's correct what those before left wrong.

    Source: Friedman, Greedy function approximation (2001); Ke et al., LightGBM (2017).
    """

    feature: torch.Tensor
    threshold: torch.Tensor
    missing_left: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    value: torch.Tensor
    baseline: torch.Tensor
    grown: torch.Tensor

    def __init__(self, rounds: int, classes: int) -> None:
        super().__init__()
        self.rounds, self.classes = rounds, classes
        nodes = (rounds * classes, NODES)
        for name in ("feature", "left", "right"):
            self.register_buffer(name, torch.zeros(nodes, dtype=torch.int16))
        self.register_buffer("missing_left", torch.zeros(nodes, dtype=torch.bool))
        for name in ("threshold", "value"):
            self.register_buffer(name, torch.zeros(nodes))
        self.register_buffer("baseline", torch.zeros(classes))
        self.register_buffer("grown", torch.zeros((), dtype=torch.bool))

    def forward(self, ranks: torch.Tensor) -> torch.Tensor:
        """(batch, classes) log-probabilities of ranked measures, NaN where one is missing."""
        # A missing rank stands there twice, left and right of every threshold, and a node looks at
        # the one that goes its way: so each step is four look-ups and a comparison.
        missing = ranks.isnan()
        sides = torch.cat([ranks.masked_fill(missing, side) for side in (_LEFT, _RIGHT)], dim=1)
        feature = (self.feature + ~self.missing_left * ranks.shape[1]).flatten()
        threshold = self.threshold.flatten()
        trees = torch.arange(len(self.feature), device=ranks.device) * NODES
        # A leaf has itself on both sides.
        children = (torch.stack([self.left, self.right], dim=2) + trees[:, None, None]).flatten()
        at = trees.expand(len(ranks), -1)
        for _ in range(DEPTH):
            right = sides.gather(1, feature[at]) > threshold[at]
            at = children[(2 * at).add_(right)]
        votes = self.value.flatten()[at].view(len(ranks), self.rounds, self.classes)
        return functional.log_softmax(votes.sum(dim=1) + self.baseline, dim=1)

    def grow(
        self, ranks: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, seed: int
    ) -> None:
        """Learn. ranks: (examples, measures). targets: (examples,) columns. weights: (examples,).

        Where all examples are of one class nothing is learned, and `grown` stays false.
        """
        columns = np.unique(targets.cpu().numpy())
        if len(columns) < 2:
            return
        model = _boosted(ranks, targets, weights, self.rounds, seed)
        arrays = {name: np.zeros((self.rounds, self.classes, NODES)) for name in _FIELDS}
        baseline = np.full(self.classes, _NEVER)
        # Of two classes, scikit-learn keeps one tree, which speaks for the second.
        spoken_for = columns[1:] if len(columns) == 2 else columns
        baseline[columns] = 0
        # There is no public way to the trees; a test holds them against its predictions.
        baseline[spoken_for] = model._baseline_prediction.ravel()  # noqa: SLF001
        for number, predictors in enumerate(model._predictors):  # noqa: SLF001
            for column, predictor in zip(spoken_for, predictors, strict=True):
                for name, values in _flat(predictor.nodes).items():
                    arrays[name][number, column, : len(values)] = values
        for name, array in arrays.items():
            buffer = getattr(self, name)
            buffer.copy_(torch.from_numpy(array).view_as(buffer))
        self.baseline.copy_(torch.from_numpy(baseline))
        self.grown.fill_(True)


_FIELDS = ("feature", "threshold", "missing_left", "left", "right", "value")
_LEFT, _RIGHT = -1.0, 3.0
_HIGHEST_THRESHOLD = 2.0
_NEVER = -30.0
"""The score of a class without labels: its probability is as good as none, and still a number."""


def _boosted(
    ranks: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, rounds: int, seed: int
) -> Any:
    # Imported here alone: it takes a second, which only who trains should pay.
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        max_depth=DEPTH,
        min_samples_leaf=min(max(len(ranks) // 50, LEAST_IN_LEAF), MOST_IN_LEAF),
        l2_regularization=5.0,
        max_features=0.3,
        max_bins=BINS,
        early_stopping=False,
        random_state=seed,
    )
    measures = ranks.cpu().numpy()
    # A measure that nobody has is refused; one that all have the same is passed over.
    measures = np.where(np.isnan(measures).all(axis=0), np.float32(0), measures)
    measures = np.round(measures * (BINS - 1)) / (BINS - 1)
    # Its threads wait by spinning, and other folds train beside this one.
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(measures, targets.cpu().numpy(), sample_weight=weights.cpu().numpy())


def _flat(nodes: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """A tree's nodes by the names of the buffers."""
    leaf = nodes["is_leaf"].astype(bool)
    own = np.arange(len(nodes))
    return {
        "feature": np.where(leaf, 0, nodes["feature_idx"]),
        # A split between what is missing and all else has no threshold but infinity, and weights
        # that are not finite are refused; no rank is beyond 1.
        "threshold": np.where(leaf, 0, np.minimum(nodes["num_threshold"], _HIGHEST_THRESHOLD)),
        "missing_left": nodes["missing_go_to_left"],
        "left": np.where(leaf, own, nodes["left"]),
        "right": np.where(leaf, own, nodes["right"]),
        "value": np.where(leaf, nodes["value"], 0),
    }
