"""Boosted trees as arrays: what scikit-learn grew, followed by torch."""

import numpy as np
import pytest
import torch

from classifier.trees import DEPTH, LEAVES, Trees, _boosted

ROUNDS = 8


Some = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def examples(classes: list[int], count: int = 400, seed: int = 0) -> Some:
    """Ranks of which the first tell the class, some missing; targets; weights."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(classes, count)
    ranks = rng.uniform(size=(count, 6)).astype(np.float32)
    ranks[:, 0] = np.clip(0.2 * targets + 0.1 * ranks[:, 0], 0, 1)
    ranks[rng.uniform(size=ranks.shape) < 0.1] = np.nan
    weights = rng.uniform(0.5, 2, count).astype(np.float32)
    return torch.from_numpy(ranks), torch.from_numpy(targets), torch.from_numpy(weights)


@pytest.mark.parametrize("classes", [[0, 1, 2, 3], [0, 1, 2], [0, 3], [1, 2, 3]])
def test_they_say_what_scikit_learn_says(classes: list[int]):
    ranks, targets, weights = examples(classes)
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, weights, seed=5)
    model = _boosted(ranks, targets, weights, ROUNDS, 5)
    asked, *_ = examples(classes, seed=1)
    found = trees(asked).exp().numpy()
    assert np.delete(found, classes, axis=1).sum() < 1e-6
    np.testing.assert_allclose(found[:, classes], model.predict_proba(asked.numpy()), atol=1e-5)


def test_they_learn_what_the_measures_tell():
    ranks, targets, weights = examples([0, 1, 2, 3])
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, weights, seed=0)
    asked, truth, _ = examples([0, 1, 2, 3], seed=1)
    known = ~asked[:, 0].isnan()
    assert (trees(asked).argmax(dim=1) == truth)[known].float().mean() > 0.97


def test_an_example_without_weight_counts_for_nothing():
    ranks, targets, weights = examples([0, 1, 2, 3])
    wrong = targets.clone()
    wrong[:200] = (wrong[:200] + 1) % 4
    weights[:200] = 0
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, wrong, weights, seed=0)
    known = ~ranks[200:, 0].isnan()
    assert (trees(ranks[200:]).argmax(dim=1) == targets[200:])[known].float().mean() > 0.95


def test_the_same_seed_grows_the_same_trees_and_another_others():
    grown = []
    for seed in (1, 1, 2):
        trees = Trees(ROUNDS, 4)
        trees.grow(*examples([0, 1, 2, 3]), seed=seed)
        grown.append(trees.state_dict())
    for name, array in grown[0].items():
        assert torch.equal(array, grown[1][name]), name
    assert not torch.equal(grown[0]["threshold"], grown[2]["threshold"])


def test_a_measure_that_nobody_has_makes_no_trouble():
    ranks, targets, weights = examples([0, 1, 2, 3])
    ranks[:, 3:] = torch.nan
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, weights, seed=0)
    asked, *_ = examples([0, 1, 2, 3], seed=1)
    lacking = asked.clone()
    lacking[:, 3:] = torch.nan
    assert torch.equal(trees(asked), trees(lacking))


def test_what_is_missing_may_tell_the_class_and_all_stays_finite():
    targets = torch.arange(200) % 2
    ranks = torch.rand(200, 1).masked_fill(targets[:, None] == 1, torch.nan)
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, torch.ones(200), seed=0)
    assert torch.equal(trees(ranks).argmax(dim=1), targets)
    for name, array in trees.state_dict().items():
        assert torch.isfinite(array).all(), name


def test_of_one_class_nothing_is_learned():
    ranks, targets, weights = examples([2])
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, weights, seed=0)
    assert not trees.grown


@pytest.mark.parametrize("count", [8, 40])
def test_few_examples_make_no_trouble(count: int):
    ranks, targets, weights = examples([0, 1, 2, 3], count)
    trees = Trees(ROUNDS, 4)
    trees.grow(ranks, targets, weights, seed=0)
    assert torch.isfinite(trees(ranks)).all()


def test_each_path_ends_at_a_leaf_within_the_depth():
    trees = Trees(ROUNDS, 4)
    trees.grow(*examples([0, 1, 2, 3], 2000), seed=0)
    for left, right in zip(trees.left, trees.right, strict=True):
        at = {0}
        for _ in range(DEPTH):
            at = {int(side[node]) for node in at for side in (left, right)}
        assert all(left[node] == node == right[node] for node in at)
        assert len(at) <= LEAVES
