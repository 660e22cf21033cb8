import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.folds import hold_out, plan_folds


@settings(max_examples=150, deadline=None)
@given(data=st.data(), folds=st.integers(2, 6), seed=st.integers(0, 1000))
def test_a_recording_never_spans_two_folds_of_a_grouped_plan(data, folds, seed):
    n = data.draw(st.integers(8, 60))
    labels = np.array(data.draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)))
    groups = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))
    if len(np.unique(labels)) < 2:
        labels[:2] = (1, 2)
    plan = plan_folds(labels, groups, folds, seed)
    assert set(plan.fold_of) == set(range(folds))
    if plan.grouped:
        assert all(len(np.unique(plan.fold_of[groups == g])) == 1 for g in np.unique(groups))
        assert len(np.unique(groups)) >= folds
    else:
        assert plan.reason


def test_folds_share_classes_and_sizes_evenly():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), rng.integers(20, 60, size=20))
    labels = rng.choice([1, 2, 3, 4], p=[0.1, 0.2, 0.4, 0.3], size=len(groups))
    plan = plan_folds(labels, groups, 5, seed=0)
    assert plan.grouped
    for code in (1, 2, 3, 4):
        shares = np.bincount(plan.fold_of[labels == code], minlength=5) / (labels == code).sum()
        assert shares.min() > 0.1
        assert shares.max() < 0.3


def test_with_few_recordings_components_are_stratified_and_the_plan_says_so():
    labels = np.repeat([1, 2, 3, 4], [40, 20, 5, 2])
    plan = plan_folds(labels, np.zeros(67), 5, seed=0)
    assert not plan.grouped
    assert "fewer than 5 folds" in plan.reason
    for code, count in ((1, 40), (2, 20), (3, 5)):
        assert np.bincount(plan.fold_of[labels == code], minlength=5).tolist() == [count // 5] * 5


def test_recordings_are_split_rather_than_leaving_one_class_to_train_on():
    labels = np.repeat([1, 2, 2, 2], 5)
    groups = np.repeat([0, 1, 2, 3], 5)
    plan = plan_folds(labels, groups, 4, seed=0)
    assert not plan.grouped
    assert "single class" in plan.reason


def test_the_plan_follows_its_seed():
    labels = np.tile([1, 2, 3, 4], 20)
    first, again, other = (plan_folds(labels, np.zeros(80), 5, seed).fold_of for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("labels", "folds", "reason"),
    [
        ([1, 2] * 3, 2, "too few"),
        ([1, 2] * 5, 12, "too few for 12 folds"),
        ([3] * 20, 5, "one class"),
        ([1, 2] * 10 + [5], 5, "codes 1 to 4"),
        ([1, 2] * 10 + [0], 5, "codes 1 to 4"),
        ([1, 2] * 10, 1, "at least 2"),
    ],
)
def test_what_cannot_be_divided_is_refused(labels, folds, reason):
    with pytest.raises(ValueError, match=reason):
        plan_folds(labels, np.arange(len(labels)), folds, seed=0)


def test_the_held_out_part_takes_its_share_of_each_class_and_spares_small_ones():
    labels = np.repeat([1, 2, 3], [100, 40, 3])
    held = hold_out(labels, np.zeros(143), 0.1, seed=0)
    assert [int(held[labels == code].sum()) for code in (1, 2, 3)] == [10, 4, 0]


def test_the_held_out_part_is_whole_recordings_where_there_are_many():
    groups = np.repeat(np.arange(40), 10)
    held = hold_out(np.tile([1, 2, 3, 4], 100), groups, 0.1, seed=0)
    assert 0.05 < held.mean() < 0.2
    assert all(held[groups == g].all() or not held[groups == g].any() for g in range(40))
