"""What networks see of components in a few numbers and in a plane."""

import numpy as np
import pytest

from classifier import plane
from classifier.plane import find_basis, lay_out, place_among

CLOUDS = 3
EACH = 40


def clouds(seed: int = 0, numbers: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of three clouds far apart, and which cloud each is of."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(CLOUDS), EACH)
    middles = 10 * np.eye(CLOUDS, numbers)
    return (middles[of] + rng.normal(size=(len(of), numbers))).astype(np.float32), of


def same_cloud_next_to(places: np.ndarray, of: np.ndarray) -> float:
    """The share of components whose nearest neighbour in the plane is of their cloud."""
    far = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    return float((of[far.argmin(axis=1)] == of).mean())


def nothing(_share: float) -> None:
    """Nobody looks."""


def test_clouds_stay_together_in_the_plane():
    vectors, of = clouds()
    places = lay_out(vectors, nothing)
    assert places.shape == (CLOUDS * EACH, 2)
    assert np.abs(places).max() == pytest.approx(1.0)
    assert same_cloud_next_to(places, of) > 0.97


def test_the_same_seed_gives_the_same_places():
    vectors, _ = clouds()
    assert np.array_equal(lay_out(vectors, nothing), lay_out(vectors, nothing))


def test_with_many_a_draw_is_laid_out_and_the_rest_placed_among_it(monkeypatch):
    monkeypatch.setattr(plane, "FITTED", 60)
    vectors, of = clouds()
    shares: list[float] = []
    places = lay_out(vectors, shares.append)
    assert same_cloud_next_to(places, of) > 0.97
    assert shares == sorted(shares)
    assert 0 < min(shares) < max(shares) <= 1


def test_whoever_looks_may_stop_it():
    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        lay_out(clouds()[0], stop)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_very_few_have_places_too(count: int):
    places = lay_out(clouds()[0][:count], nothing)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


def test_components_that_look_all_the_same_have_places():
    assert np.isfinite(lay_out(np.zeros((30, 4), np.float32), nothing)).all()


def test_a_newcomer_lands_in_its_cloud():
    vectors, of = clouds()
    places = np.array([(0, 0), (1, 0), (0, 1)], np.float32)[of]
    placed = place_among(clouds(seed=1)[0], vectors, places)
    assert np.array_equal(placed, places)


def test_distances_survive_that_a_network_turns_its_space_and_that_another_is_louder():
    rng = np.random.default_rng(2)
    one = clouds()[0]
    turned = one @ np.linalg.qr(rng.normal(size=(8, 8)))[0]
    seen = np.stack([one, 1000 * turned]).astype(np.float32)
    basis = find_basis(seen)
    found = basis.of(seen)
    apart = np.linalg.norm(found[:50, None] - found[None, :50], axis=2)
    wanted = np.linalg.norm(one[:50, None] - one[None, :50], axis=2)
    ratio = apart[wanted > 0] / wanted[wanted > 0]
    assert ratio.max() / ratio.min() < 1.01


def test_at_most_32_numbers_are_kept_and_the_first_tell_most():
    rng = np.random.default_rng(3)
    seen = rng.normal(size=(2, 200, 40)).astype(np.float32) * np.linspace(5, 0.1, 40)
    found = find_basis(seen.astype(np.float32)).of(seen.astype(np.float32))
    assert found.shape == (200, plane.NUMBERS)
    assert (np.diff(found.std(axis=0)) <= 1e-4).all()
