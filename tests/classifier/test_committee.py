"""The default: what it makes of the hand-made measures, and who of it has an opinion."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.committee import FEW, KNOTS, NETWORKS, Committee, Ranks, _below, normal_scores
from classifier.config import TrainingConfig
from classifier.examples import columns_seen
from classifier.fusion import Fusion
from classifier.models import build_model

values = arrays(np.float32, (40, 3), elements=st.floats(-100, 100, width=32))


def settled(numbers: torch.Tensor) -> Ranks:
    ranks = Ranks(numbers.shape[1])
    ranks.settle(numbers)
    return ranks


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_ranks_rise_with_the_measure_and_stay_between_0_and_1(seen, asked):
    ranks = settled(torch.from_numpy(seen))
    ordered = torch.from_numpy(np.sort(asked, axis=0))
    found = ranks(ordered)
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert (found.diff(dim=0) >= -1e-6).all()


def test_a_value_next_to_nothing_above_all_that_was_seen_is_above_them():
    same = settled(torch.full((30, 1), -1e-38))
    last = same(torch.tensor([[-1e-38], [1e-33]]))[:, 0]
    assert last.tolist() == [0.5, 1]


def test_the_middle_of_the_training_part_is_one_half():
    ranks = settled(torch.arange(101.0)[:, None])
    torch.testing.assert_close(
        ranks(torch.tensor([[0.0], [25], [50], [100]]))[:, 0], torch.tensor([0, 0.25, 0.5, 1])
    )


def test_equal_values_share_the_middle_of_their_ranks():
    # Half of them 0, then 1 to 50: the zeros lie from rank 0 to one half.
    numbers = torch.cat([torch.zeros(50), torch.arange(1.0, 51)])[:, None]
    assert settled(numbers)(torch.zeros(1, 1)).item() == pytest.approx(0.25, abs=1 / 32)
    same = settled(torch.full((30, 1), 7.0))
    assert same(torch.tensor([[7.0]])).item() == 0.5
    assert same(torch.tensor([[6.0], [8.0]]))[:, 0].tolist() == [0, 1]


def test_what_lies_beyond_the_training_part_is_no_further_away_than_its_ends():
    ranks = settled(torch.randn(50, 2))
    far = torch.tensor([[-1e30, 1e30], [-200.0, 200.0]])
    assert ranks(far).tolist() == [[0, 1], [0, 1]]


def test_a_missing_value_stays_missing_and_counts_for_no_knot():
    numbers = torch.arange(101.0)[:, None].repeat(1, 2)
    lacking = numbers.clone()
    lacking[::2, 1] = torch.nan
    ranks = settled(lacking)
    found = ranks(lacking)
    assert torch.equal(torch.isnan(found), torch.isnan(lacking))
    torch.testing.assert_close(found[1::2, 1], found[1::2, 0], atol=0.02, rtol=0)


def test_a_measure_that_nobody_has_makes_no_trouble():
    ranks = settled(torch.full((9, 1), torch.nan))
    assert torch.isfinite(ranks(torch.tensor([[0.3]]))).all()


def test_the_unit_of_a_measure_says_nothing():
    numbers = torch.randn(60, 3)
    stretched = torch.exp(3 * numbers)
    torch.testing.assert_close(
        settled(numbers)(numbers), settled(stretched)(stretched), atol=0.02, rtol=0
    )


def test_a_missing_measure_has_the_middle_of_its_range_and_is_counted():
    found = normal_scores(torch.tensor([[0.5, torch.nan, 1.0, 0.0], [0.5] * 4]))
    assert found[0, :2].tolist() == [0, 0]
    assert found[0, 2] == pytest.approx(2.326, abs=1e-3)
    assert found[0, 3] == pytest.approx(-2.326, abs=1e-3)
    assert found[:, 4:].tolist() == [[0.25, 1], [0, 0]]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, (3, KNOTS), elements=st.integers(-9, 9).map(float)),
    arrays(np.float32, (3, 20), elements=st.integers(-10, 10).map(float) | st.just(3e38)),
)
def test_knots_below_a_value_are_counted_as_torch_counts_them(knots, asked):
    rows = torch.from_numpy(np.sort(knots, axis=1))
    found = torch.from_numpy(asked)
    left, right = (torch.searchsorted(rows, found, right=side) for side in (False, True))
    assert torch.equal(_below(rows, found), left)
    ranks = Ranks(3)
    ranks.knots.copy_(rows)
    # A value that is a knot, or many, lies in the middle of them.
    known = (right > left).T
    middle = ((left + right - 1) / (2 * (KNOTS - 1))).T.clamp(0, 1)
    torch.testing.assert_close(ranks(found.T)[known], middle[known])


def committee(architecture: str) -> tuple[Committee, torch.Tensor, torch.Tensor]:
    """An untrained one, images and ranks."""
    torch.manual_seed(0)
    config = TrainingConfig(architecture=architecture, channels=(4, 4, 6, 6), hidden=8)
    model = build_model(config).eval()
    assert isinstance(model, Committee)
    images = torch.rand((6, 3, 50, 50) if architecture == "fusion" else (6, 0))
    return model, images, torch.rand(6, len(columns_seen(config)))


@pytest.mark.parametrize(("examples", "share"), [(FEW - 1, 0.5), (FEW, 0.3)])
def test_the_fewer_the_examples_the_more_measures_are_hidden(examples, share):
    model, _, _ = committee("fusion")
    assert isinstance(model, Fusion)
    model.expect(examples)
    for part in (model.spare, model.networks.spare):
        shown = part.train()(torch.ones(200, 100))
        assert (shown == 0).float().mean() == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("architecture", ["committee", "fusion"])
def test_every_part_has_an_opinion_and_their_mean_predicts(architecture):
    model, images, ranks = committee(architecture)
    opinions = model.opinions(images, ranks)
    assert len(opinions) == NETWORKS + (architecture == "fusion")
    torch.testing.assert_close(opinions.exp().sum(dim=2), torch.ones(len(opinions), 6))
    torch.testing.assert_close(model(images, ranks).exp(), opinions.exp().mean(dim=0))
    torch.testing.assert_close(model.by_measures(ranks), opinions[-NETWORKS:])


def test_a_committee_looks_at_no_image():
    model, images, ranks = committee("committee")
    assert not any(isinstance(part, torch.nn.Conv2d) for part in model.modules())
    torch.testing.assert_close(model(torch.rand(6, 3, 50, 50), ranks), model(images, ranks))


@pytest.mark.parametrize("training", [False, True])
def test_networks_side_by_side_are_what_each_would_be_alone(training):
    model, _, ranks = committee("committee")
    networks = model.networks.train(training)
    norms = [norm for norm in networks.norms if isinstance(norm, torch.nn.BatchNorm1d)]
    networks.spare.p = networks.drop.p = 0
    scores = normal_scores(ranks)
    together = networks(scores)
    for number in range(NETWORKS):
        seen = scores
        for layers, norm in zip((networks.first, networks.second), norms, strict=True):
            own = slice(8 * number, 8 * number + 8)
            seen = seen @ layers.weight[number] + layers.bias[number]
            if training:
                seen = (seen - seen.mean(0)) / (seen.var(0, unbiased=False) + norm.eps).sqrt()
            else:
                assert norm.running_mean is not None
                assert norm.running_var is not None
                seen = (seen - norm.running_mean[own]) / (norm.running_var[own] + norm.eps).sqrt()
            seen = torch.relu(seen * norm.weight[own] + norm.bias[own])
        logits = seen @ networks.last.weight[number] + networks.last.bias[number]
        torch.testing.assert_close(
            together[number], torch.log_softmax(logits, 1), atol=1e-5, rtol=0
        )
