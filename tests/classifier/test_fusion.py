"""Ranks: what the default network makes of the hand-made measures."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.config import TrainingConfig
from classifier.examples import columns_seen
from classifier.fusion import FEW, Fusion, Ranks, normal_scores
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


@pytest.mark.parametrize(("examples", "share"), [(FEW - 1, 0.5), (FEW, 0.3)])
def test_the_fewer_the_examples_the_more_measures_are_hidden(examples, share):
    config = TrainingConfig(channels=(4, 4, 6, 6), hidden=8)
    model = build_model(config)
    assert isinstance(model, Fusion)
    model.settle(torch.rand(examples, len(columns_seen(config))))
    for part in (model.measures, *model.others):
        shown = part[0](torch.ones(200, 100))
        assert (shown == 0).float().mean() == pytest.approx(share, abs=0.02)


def test_every_part_has_an_opinion_and_their_mean_predicts():
    torch.manual_seed(0)
    config = TrainingConfig(channels=(4, 4, 6, 6), hidden=8)
    model = build_model(config).eval()
    assert isinstance(model, Fusion)
    ranks = torch.rand(6, len(columns_seen(config)))
    images = torch.rand(6, 3, 50, 50)
    opinions = model.opinions(images, ranks)
    torch.testing.assert_close(opinions.exp().sum(dim=2), torch.ones(4, 6))
    torch.testing.assert_close(model(images, ranks).exp(), opinions.exp().mean(dim=0))
    torch.testing.assert_close(model.by_measures(ranks), opinions[1:])
