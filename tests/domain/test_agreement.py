import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agreement import cohens_kappa, cross_entropy, moves_table

pairs = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=60)


def test_cross_entropy_is_the_log_of_what_the_label_was_given() -> None:
    assert cross_entropy(2, (0.1, 0.5, 0.2, 0.2)) == pytest.approx(math.log(2))
    assert cross_entropy(1, (1.0, 0, 0, 0)) == 0
    assert cross_entropy(4, (1.0, 0, 0, 0)) == pytest.approx(math.log(1e6)), "finite all the same"


def test_moves_are_counted_from_row_to_column() -> None:
    table = moves_table([(1, 1), (1, 4), (4, 1), (1, 4)])
    assert table[0].tolist() == [1, 0, 0, 2]
    assert table[3].tolist() == [1, 0, 0, 0]


def test_kappa_of_a_table_from_the_textbook() -> None:
    # Cohen's kappa of 20 and 15 agreements among 50, with 5 and 10 moves: (0.7 - 0.5) / 0.5.
    assert cohens_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_says_nothing_where_nothing_can_differ() -> None:
    assert cohens_kappa(moves_table([])) is None
    assert cohens_kappa(moves_table([(2, 2)] * 5)) is None


@given(pairs)
def test_kappa_is_the_same_from_both_sides_and_never_above_one(
    given_pairs: list[tuple[int, int]],
) -> None:
    kappa = cohens_kappa(moves_table(given_pairs))
    other = cohens_kappa(moves_table([(after, before) for before, after in given_pairs]))
    assert kappa == pytest.approx(other) if kappa is not None else other is None
    assert kappa is None or kappa <= 1 + 1e-12


@given(pairs)
def test_full_agreement_is_one(given_pairs: list[tuple[int, int]]) -> None:
    kappa = cohens_kappa(moves_table([(before, before) for before, _ in given_pairs]))
    assert kappa is None or kappa == pytest.approx(1)
