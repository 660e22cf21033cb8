"""Components by what the networks see of them: a few numbers each, and places in a plane.

What several networks see is put side by side. A distance between components is then the networks'
distances together, which asks for no alignment: each network's space may be turned as it likes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.ensemble import Ensemble
from classifier.inputs import Components

NUMBERS = 32
"""What is kept of each component, at most."""

FITTED = 20_000
"""The most components that are laid out together; the others are placed among them."""

PERPLEXITY = 30.0
NEAREST = 10
BETWEEN_LOOKS = 10


@dataclass(frozen=True, eq=False)
class Basis:
    """What networks see, reduced: the principal directions of a draw of components.

    table: (1 + numbers, networks * width) the middle, then the directions.
    """

    table: NDArray[np.float32]

    def of(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """(components, numbers) of what (networks, components, width) were seen to be."""
        return np.asarray((_side_by_side(seen) - self.table[0]) @ self.table[1:].T)


def find_basis(seen: NDArray[np.float32]) -> Basis:
    """The basis of a draw, (networks, components, width); each network counts the same."""
    flat = _side_by_side(seen)
    middle = flat.mean(axis=0)
    spread = np.sqrt(((flat - middle) ** 2).reshape(len(flat), len(seen), -1).mean(axis=(0, 2)))
    weight = np.repeat(1 / np.where(spread > 1e-6, spread, 1.0), seen.shape[2])
    directions = np.linalg.svd((flat - middle) * weight, full_matrices=False)[2][:NUMBERS]
    # Which end of a direction comes first is chance; the same components should look the same.
    ends = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    return Basis(np.vstack([middle, directions * ends[:, None] * weight]).astype(np.float32))


def see(ensemble: Ensemble, components: Components, basis: Basis) -> NDArray[np.float16]:
    """(components, numbers) what the networks see of them, as it is kept.

    Scaled so that no number leaves what float16 holds.
    """
    found = basis.of(ensemble.embed(components))
    return np.clip(found, -60_000, 60_000).astype(np.float16)


def _side_by_side(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    return seen.transpose(1, 0, 2).reshape(seen.shape[1], -1)


def lay_out(
    vectors: NDArray[np.floating], on_step: Callable[[float], None], *, seed: int = 0
) -> NDArray[np.float32]:
    """Places in a plane, neighbours near each other: (components, 2), within -1 to 1.

    The same vectors and seed give the same places. on_step: is told the share done; may raise.
    With more than `FITTED` components, a draw is laid out and the rest placed among it.
    Source: t-SNE with its attraction doubled, which is a picture between t-SNE's and UMAP's:
    Boehm, Berens and Kobak, JMLR 2022; by openTSNE.
    """
    count = len(vectors)
    values = np.asarray(vectors, np.float32)
    if count < 4:
        return np.column_stack([np.linspace(-0.5, 0.5, count), np.zeros(count)]).astype(np.float32)
    drawn = np.arange(count)
    if count > FITTED:
        drawn = np.sort(np.random.default_rng(seed).permutation(count)[:FITTED])
    places = np.zeros((count, 2), np.float32)
    places[drawn] = _fitted(values[drawn], on_step, seed)
    rest = np.setdiff1d(np.arange(count), drawn)
    for start in range(0, len(rest), 2_000):
        part = rest[start : start + 2_000]
        places[part] = place_among(values[part], values[drawn], places[drawn])
        on_step(0.9 + 0.1 * start / len(rest))
    return places


def _fitted(
    values: NDArray[np.float32], on_step: Callable[[float], None], seed: int
) -> NDArray[np.float32]:
    # Imported here and nowhere else: it takes a second and 100 MB, which only this job needs.
    from openTSNE import TSNE

    steps = 0

    def look(_step: int, _error: float, _places: NDArray[np.float64]) -> bool:
        nonlocal steps
        steps += BETWEEN_LOOKS
        on_step(0.9 * min(steps / 750, 1.0))
        return False

    maker = TSNE(
        perplexity=min(PERPLEXITY, (len(values) - 1) / 3),
        exaggeration=2,
        initialization=_beginning(values, seed),
        # Exact for few, where approximate ones save nothing.
        neighbors="exact" if len(values) < 2_000 else "annoy",
        negative_gradient_method="bh" if len(values) < 2_000 else "fft",
        callbacks=look,
        callbacks_every_iters=BETWEEN_LOOKS,
        # One thread: sums of several come in another order each time.
        n_jobs=1,
        random_state=seed,
    )
    found = np.asarray(maker.fit(values), np.float64)
    # Screens are wide: the longest way lies across.
    found = (found - found.mean(axis=0)) @ np.linalg.eigh(np.cov(found.T))[1][:, ::-1]
    found -= (found.max(axis=0) + found.min(axis=0)) / 2
    return np.asarray(found / max(np.abs(found).max(), 1e-12), np.float32)


def _beginning(values: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """The first two directions, small; a little noise parts what looks all the same."""
    first = np.zeros((len(values), 2))
    first[:, : values.shape[1]] = values[:, :2]
    first *= 1e-4 / max(float(first[:, 0].std()), 1e-12)
    return first + np.random.default_rng(seed).normal(scale=1e-6, size=first.shape)


def place_among(
    vectors: NDArray[np.floating], known: NDArray[np.floating], places: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Where newcomers go: (components, 2) the middle of the places of the nearest known ones.

    The median, so that a component between two clouds lands in one of them, not in the void.
    """
    a, b = np.asarray(vectors, np.float32), np.asarray(known, np.float32)
    result = np.zeros((len(a), 2), np.float32)
    for start in range(0, len(a), 500):
        part = a[start : start + 500]
        # Distances squared, less what is the same for all of a row.
        far = (b**2).sum(axis=1) - 2 * part @ b.T
        nearest = np.argpartition(far, min(NEAREST, len(b)) - 1, axis=1)[:, :NEAREST]
        result[start : start + 500] = np.median(places[nearest], axis=1)
    return result
