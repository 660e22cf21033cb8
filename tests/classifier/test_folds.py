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


def test_recordings_are_split_where_one_fold_would_hold_nearly_all_of_a_class():
    groups = np.repeat(np.arange(5), 40)
    labels = np.tile([1, 3], 100)
    labels[:20] = 2
    plan = plan_folds(labels, groups, 5, seed=0)
    assert not plan.grouped
    assert plan.reason == "20 of the 20 labels 'process' are of one fold's recordings"
    assert np.bincount(plan.fold_of[labels == 2]).tolist() == [4] * 5
    labels[40:48] = 2
    assert plan_folds(labels, groups, 5, seed=0).grouped, "a quarter of them elsewhere will do"


def test_a_class_of_a_few_does_not_split_recordings():
    labels = np.tile([1, 3], 100)
    labels[:3] = 2
    assert plan_folds(labels, np.repeat(np.arange(5), 40), 5, seed=0).grouped


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


# --- going on from an earlier plan ---


@settings(max_examples=100, deadline=None)
@given(data=st.data(), folds=st.integers(2, 5), seed=st.integers(0, 100))
def test_old_components_keep_their_fold_and_newcomers_are_dealt(data, folds, seed):
    n = data.draw(st.integers(16, 60))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    groups = rng.integers(0, data.draw(st.integers(1, 12)), n)
    labels = rng.integers(1, 5, n)
    labels[:2] = (1, 2)
    known = rng.permutation(n) < data.draw(st.integers(12, n))
    known[:2] = True
    first = plan_folds(labels[known], groups[known], folds, seed)
    before = np.full(n, -1)
    before[known] = first.fold_of
    # People change their minds; the folds stay.
    labels = np.roll(labels, 1)
    plan = plan_folds(labels, groups, folds, seed + 1, before=before)
    np.testing.assert_array_equal(plan.fold_of[known], first.fold_of)
    assert ((plan.fold_of >= 0) & (plan.fold_of < folds)).all()
    if first.grouped:
        assert plan.grouped
    if plan.grouped:
        assert all(len(np.unique(plan.fold_of[groups == g])) == 1 for g in np.unique(groups))
    else:
        assert plan.reason


def test_newcomers_of_a_known_recording_join_it_and_new_recordings_fill_the_smallest_fold():
    groups = np.array([0] * 10 + [1] * 4 + [2] * 5)
    before = np.array([0] * 8 + [-1] * 2 + [1] * 4 + [-1] * 5)
    plan = plan_folds(np.tile([1, 2], 10)[:19], groups, 2, seed=0, before=before)
    assert plan.grouped
    assert plan.fold_of.tolist() == [0] * 10 + [1] * 9


def test_a_plan_that_divided_recordings_goes_on_dividing_them():
    before = np.tile([0, 1, -1, -1], 10)
    labels = np.tile([1, 2], 20)
    plan = plan_folds(labels, np.zeros(40), 2, seed=0, before=before)
    assert not plan.grouped
    assert "goes on from" in plan.reason
    assert np.bincount(plan.fold_of[before < 0]).tolist() == [10, 10]


def test_an_earlier_plan_without_any_of_these_is_none():
    labels, groups = np.tile([1, 2], 20), np.arange(40) % 8
    nothing = plan_folds(labels, groups, 4, seed=0, before=np.full(40, -1))
    assert (nothing.fold_of == plan_folds(labels, groups, 4, seed=0).fold_of).all()


def test_an_earlier_plan_that_does_not_fit_is_refused():
    labels = np.tile([1, 2], 10)
    with pytest.raises(ValueError, match="do not fit 2 folds of 20 labels"):
        plan_folds(labels, np.zeros(20), 2, seed=0, before=np.full(20, 3))
    with pytest.raises(ValueError, match="do not fit 2 folds of 20 labels"):
        plan_folds(labels, np.zeros(20), 2, seed=0, before=np.zeros(19, int))
