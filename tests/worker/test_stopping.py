"""How many predictions the next labels should change, as a run keeps it."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.actions import training
from app.worker import stopping
from app.worker.stopping import estimate
from classifier.stopping import Batch, ExpectedChanges, expected_changes
from tests.support.world import World

NEURON = (0.7, 0.1, 0.1, 0.1)
NOISE = (0.1, 0.1, 0.6, 0.2)
CONFIG = {"seed": 0, "threads": 2}


def trained(
    world: World,
    keys: Sequence[int],
    labels: int,
    noise: int = 0,
    config: dict[str, Any] = CONFIG,
    unlabeled: int = 5_000,
) -> dict[str, Any]:
    """A run with so many labels that calls the first `noise` components noise, the rest neurons;
    returns what it keeps of the stopping estimate.
    """
    said = {key: NOISE if place < noise else NEURON for place, key in enumerate(keys)}
    run = world.train(said)
    training.record_result(world.context, run, labels=labels, config=config)
    found = estimate(world.context, run, config, unlabeled)
    training.record_result(world.context, run, metrics={"stopping": found})
    return found


@pytest.fixture
def keys(world: World) -> list[int]:
    return world.recording(40)


def test_the_first_run_cannot_know(world: World, keys: list[int]) -> None:
    assert "earlier run" in trained(world, keys, 100)["reason"]


def test_it_counts_what_changed_since_the_run_before(world: World, keys: list[int]) -> None:
    trained(world, keys, 100)
    found = trained(world, keys, 200, noise=10)
    assert (found["since_run"], found["labels_before"], found["labels_after"]) == (1, 100, 200)
    assert (found["changed"], found["components"], found["batches"]) == (10, 40, 1)
    assert 0 <= found["low"] < found["expected"] < found["high"] <= 40
    assert found["next_labels"] == 500


def test_every_batch_so_far_tells(world: World, keys: list[int]) -> None:
    trained(world, keys, 100)
    trained(world, keys, 200, noise=10)
    third = trained(world, keys, 400, noise=14)
    assert (third["since_run"], third["changed"], third["batches"]) == (2, 4, 2)


def test_nothing_that_changes_says_stop(world: World, keys: list[int]) -> None:
    for labels in (1_000, 2_000, 4_000):
        trained(world, keys, labels)
    found = trained(world, keys, 8_000)
    assert (found["expected"], found["low"]) == (0, 0)


def test_runs_of_another_kind_are_passed_over(world: World, keys: list[int]) -> None:
    trained(world, keys, 100)
    trained(world, keys, 150, noise=40, config={**CONFIG, "seed": 1})
    trained(world, keys, 195, noise=40)
    found = trained(world, keys, 200, noise=10, config={**CONFIG, "threads": 1})
    assert found["since_run"] == 1, "not another seed's, not one with about as many labels"


def test_a_batch_of_few_components_counts_as_of_many(
    world: World, keys: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Batch] = []

    def watched(history: Sequence[Batch], *more: Any, **named: Any) -> ExpectedChanges:
        given[:] = history
        return expected_changes(history, *more, **named)

    monkeypatch.setattr(stopping, "expected_changes", watched)
    trained(world, keys[:20], 100)
    trained(world, keys[:20], 200, noise=10)
    trained(world, keys, 400, noise=10)
    trained(world, keys, 800, noise=12)
    assert given == [Batch(400, 800, 2), Batch(200, 400, 0), Batch(100, 200, 20)]


def test_less_is_asked_about_where_less_is_left(world: World, keys: list[int]) -> None:
    trained(world, keys, 100)
    assert trained(world, keys, 200, unlabeled=30)["next_labels"] == 30
    assert trained(world, keys, 400, unlabeled=0) == {"reason": "every component has a label"}


def test_runs_that_judged_other_components_say_nothing(world: World, keys: list[int]) -> None:
    trained(world, keys[:5], 100)
    assert "no component in common" in trained(world, keys[5:], 200)["reason"]
