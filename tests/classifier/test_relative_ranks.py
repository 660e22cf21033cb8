"""Where a component stands in its recording, measure by measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.relative_ranks import FEWEST, ranks_within, rows_of_recordings

tables = arrays(
    np.float32,
    (24, 2),
    elements=st.one_of(st.floats(-4, 4, width=16), st.just(np.nan), st.just(0.0)),
)
recordings_of = arrays(np.int64, 24, elements=st.integers(0, 2))


def test_ranks_are_of_the_own_recording_alone():
    table = np.concatenate([np.arange(10.0), 1000 + np.arange(10.0)])[:, None]
    found = ranks_within(table, np.repeat([7, 3], 10))[:, 0]
    expected = (np.arange(10) + 0.5) / 10
    np.testing.assert_allclose(found, np.concatenate([expected, expected]))


def test_equal_values_share_the_middle_of_their_ranks():
    table = np.array([0.0] * 5 + [1.0] * 5)[:, None]
    assert ranks_within(table, np.zeros(10, np.int64))[:, 0].tolist() == [0.25] * 5 + [0.75] * 5


def test_few_have_no_rank_and_neither_has_what_is_missing():
    few = np.arange(FEWEST - 1.0)[:, None]
    assert np.isnan(ranks_within(few, np.zeros(len(few), np.int64))).all()
    table = np.arange(40.0).reshape(20, 2)
    table[5, 0] = np.nan
    table[FEWEST - 1 :, 1] = np.nan
    found = ranks_within(table, np.zeros(20, np.int64))
    assert np.isnan(found[5, 0])
    assert np.isfinite(np.delete(found[:, 0], 5)).all()
    assert np.isnan(found[:, 1]).all(), "too few of the recording have this measure"


@settings(max_examples=60, deadline=None)
@given(tables, recordings_of, st.integers(0, 99))
def test_they_rise_with_the_measure_and_hang_on_no_order_or_unit(table, recordings, seed):
    found = ranks_within(table, recordings)
    known = np.isfinite(found)
    assert ((found[known] > 0) & (found[known] < 1)).all()
    for recording in np.unique(recordings):
        rows = recordings == recording
        for value, rank in zip(table[rows].T, found[rows].T, strict=True):
            assert np.isnan(rank[np.isnan(value)]).all()
            if np.isfinite(value).sum() >= FEWEST:
                seen = np.isfinite(value)
                assert np.isfinite(rank[seen]).all()
                assert rank[seen].mean() == pytest.approx(0.5, abs=1e-5)
                higher = np.subtract.outer(value[seen], value[seen]) > 0
                assert (np.subtract.outer(rank[seen], rank[seen])[higher] > 0).all()
    order = np.random.default_rng(seed).permutation(len(table))
    np.testing.assert_array_equal(ranks_within(table[order], recordings[order]), found[order])
    np.testing.assert_array_equal(ranks_within(table * 4 + 1, recordings), found)


def test_recordings_come_with_all_their_rows_and_may_be_none():
    rows = rows_of_recordings(np.array([5, 2, 5, 9]), 1)
    assert [part.tolist() for part in rows] == [[1], [0, 2], [3]]
    assert [part.tolist() for part in rows_of_recordings(np.array([5, 2, 5, 9]), 2)] == [[0, 2]]
    assert rows_of_recordings(np.zeros(0, np.int64)) == []
    assert ranks_within(np.zeros((0, 3)), np.zeros(0, np.int64)).shape == (0, 3)
