"""Which components are asked about next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.acquisition import (
    best,
    confidence_score,
    discriminative_score,
    labeled_look,
    mixed_score,
    spread_out,
)
from classifier.calibration import apply_temperature

SURE, TORN, EVEN = [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25] * 4

logits = arrays(np.float64, (12, 4), elements=st.floats(-20, 20))
features = arrays(np.float64, (12, 3), elements=st.floats(-100, 100))
some_labeled = arrays(np.bool_, 12)


def two_clouds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """40 components here and 40 far off; 20 of those here are labeled."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(8, 1, (40, 2))])
    return x, np.arange(80) < 20


def test_confidence_is_actsorts_for_two_classes():
    p = np.array([0.0, 0.1, 0.5, 0.8])
    assert confidence_score(np.column_stack([p, 1 - p])) == pytest.approx(1 - 2 * np.abs(p - 0.5))


def test_confidence_asks_where_two_classes_are_equally_likely():
    assert confidence_score([SURE, TORN, EVEN]) == pytest.approx([0, 1, 1])


def test_what_looks_unlike_the_labeled_is_asked_first():
    x, labeled = two_clouds()
    score = discriminative_score(x, labeled)
    assert score[40:].min() > 0.9
    assert score[20:40].max() < score[40:].min()
    assert (best(score, labeled, 40) >= 40).all()


def test_the_separation_says_whether_the_labeled_cover_the_rest():
    x, labeled = two_clouds()
    apart = labeled_look(x, labeled)
    rng = np.random.default_rng(1)
    covered = labeled_look(rng.normal(size=(400, 2)), np.arange(400) < 200)
    assert apart.separation == pytest.approx(0.5, abs=0.1)
    assert covered.separation < 0.2


def test_the_mixture_turns_to_confidence_as_the_labeled_cover_the_rest():
    x, labeled = two_clouds()
    p = apply_temperature(np.random.default_rng(2).normal(size=(80, 4)), 1.0)
    look = labeled_look(x, labeled)
    share = 0.5 * look.separation
    assert mixed_score(p, x, labeled) == pytest.approx(
        share * (1 - look.chance) + (1 - share) * confidence_score(p)
    )
    assert mixed_score(p, x, labeled, weight=0) == pytest.approx(confidence_score(p))
    alike = np.zeros((80, 2))
    assert mixed_score(p, alike, labeled)[0] == pytest.approx(confidence_score(p)[0], abs=0.3)


@given(logits, features, some_labeled, st.floats(0, 1))
@settings(max_examples=50)
def test_scores_lie_between_0_and_1(values, x, labeled, weight):
    p = apply_temperature(values, 1.0)
    for score in (
        confidence_score(p),
        discriminative_score(x, labeled),
        mixed_score(p, x, labeled, weight),
    ):
        assert score.shape == (12,)
        assert (score >= 0).all()
        assert (score <= 1).all()


@given(features, some_labeled, st.floats(0.01, 1000), st.floats(-100, 100))
@settings(max_examples=50)
def test_units_of_the_features_do_not_matter(x, labeled, unit, zero):
    # Where a feature hardly varies, rounding decides what it says.
    x = np.round(x)
    before = discriminative_score(x, labeled)
    assert discriminative_score(x * unit + zero, labeled) == pytest.approx(before, abs=1e-4)


@given(arrays(np.float64, 12, elements=st.floats(-5, 5)), some_labeled, st.integers(0, 15))
def test_the_best_are_unlabeled_and_none_better_is_left(scores, labeled, count):
    chosen = best(scores, labeled, count)
    assert len(chosen) == len(set(chosen.tolist())) == min(count, int((~labeled).sum()))
    assert not labeled[chosen].any()
    left = np.setdiff1d(np.flatnonzero(~labeled), chosen)
    if len(chosen) and len(left):
        assert scores[chosen].min() >= scores[left].max()
    assert (np.diff(scores[chosen]) <= 0).all()


@given(features, some_labeled, st.integers(0, 15), st.integers(0, 5), st.booleans())
@settings(max_examples=50)
def test_what_is_spread_out_is_unlabeled_and_drawn_once(x, labeled, count, seed, scored):
    scores = np.arange(12) % 3 if scored else None
    chosen = spread_out(x, labeled, count, np.random.default_rng(seed), scores)
    assert len(chosen) == len(set(chosen.tolist())) == min(count, int((~labeled).sum()))
    assert not labeled[chosen].any()


def test_the_spread_out_reach_every_cloud_where_the_best_stay_in_one():
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(c, 0.1, (n, 2)) for c, n in ((0, 90), (20, 5), (-20, 5))])
    labeled = np.zeros(100, dtype=bool)
    labeled[:5] = True
    scores = np.where(np.arange(100) < 90, 1.0, 0.9)
    assert (best(scores, labeled, 4) < 90).all()
    chosen = spread_out(x, labeled, 4, rng, scores)
    assert (chosen >= 95).any()
    assert ((chosen >= 90) & (chosen < 95)).any()


def test_what_is_worth_nothing_is_not_drawn_while_anything_else_is_left():
    x, labeled = two_clouds()
    worth = (np.arange(80) >= 60).astype(float)
    assert (spread_out(x, labeled, 20, np.random.default_rng(4), worth) >= 60).all()


def test_the_same_generator_draws_the_same():
    x, labeled = two_clouds()
    first, second = (spread_out(x, labeled, 9, np.random.default_rng(5)) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_arrays_that_do_not_fit_are_refused_in_words():
    x, labeled = two_clouds()
    with pytest.raises(ValueError, match=r"features must be"):
        labeled_look(x, labeled[:-1])
    with pytest.raises(ValueError, match="component 3 are not all finite"):
        labeled_look(np.where(np.arange(80)[:, None] == 3, np.nan, x), labeled)
    with pytest.raises(ValueError, match="2 predictions but 80 rows"):
        mixed_score([SURE, EVEN], x, labeled)
    with pytest.raises(ValueError, match="weight must be from 0 to 1"):
        mixed_score([SURE] * 80, x, labeled, weight=2)
    with pytest.raises(ValueError, match="none negative"):
        spread_out(x, labeled, 3, np.random.default_rng(0), -np.ones(80))
