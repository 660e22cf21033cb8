"""Two runs side by side: what differs, and where they disagree."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions import comparing, jobs, training
from app.actions.comparing import Difference, Disagreement
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.storage.components import Position
from tests.support.world import ALICE, BOB, World

SAYS_NEURON = (0.7, 0.1, 0.1, 0.1)
SURE_NEURON = (0.97, 0.01, 0.01, 0.01)
SAYS_NOISE = (0.1, 0.1, 0.7, 0.1)
SURE_NOISE = (0.01, 0.01, 0.97, 0.01)


def found(world: World, a: int, b: int, limit: int = 50) -> list[Disagreement]:
    """Every disagreement, following the pages."""
    items: list[Disagreement] = []
    after: Position | None = None
    while True:
        page, after = comparing.disagreements(world.context, ALICE, (a, b), after, limit)
        assert len(page) <= limit
        assert not {one.component for one in page} & {one.component for one in items}
        items += page
        if after is None:
            return items


def test_disagreements_come_with_both_opinions_the_furthest_apart_first(world: World) -> None:
    alike, mild, wild = world.recording(3, labels=[1, 0, 3])
    a = world.train({alike: SAYS_NEURON, mild: SAYS_NEURON, wild: SURE_NEURON})
    b = world.train({alike: SURE_NEURON, mild: SAYS_NOISE, wild: SURE_NOISE})
    first, second = found(world, a, b)
    assert (first.component, second.component) == (wild, mild)
    assert (first.a_says, first.b_says, first.label) == (1, 3, 3)
    assert (first.a, first.b) == (SURE_NEURON, SURE_NOISE)
    assert first.distance == pytest.approx(0.96)
    assert second.distance == pytest.approx(0.6)
    assert second.label is None
    assert first.recording == world.state(wild).recording_id
    assert [one.a_says for one in found(world, b, a)] == [3, 3], "the other way round"
    assert found(world, a, a) == []


def test_only_what_both_have_judged_is_compared(world: World) -> None:
    both, one = world.recording(2)
    a = world.train({both: SAYS_NEURON, one: SAYS_NEURON})
    b = world.train({both: SAYS_NOISE})
    assert [item.component for item in found(world, a, b)] == [both]
    counts = comparing.agreement(world.context, ALICE, a, b)
    assert counts == [[0, 0, 1, 0], [0] * 4, [0] * 4, [0] * 4]


opinions = st.lists(
    st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any), min_size=6, max_size=6
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(opinions, opinions, st.integers(1, 7))
def test_pages_hold_every_disagreement_once_in_order_as_a_simple_retelling_has_them(
    world: World, of_a: list[list[int]], of_b: list[list[int]], limit: int
) -> None:
    # Small integers: many are equally far apart, and many classes equally likely.
    keys = world.recording(6)
    p, q = (np.array(weights) / np.sum(weights, axis=1, keepdims=True) for weights in (of_a, of_b))
    a = world.train({key: tuple(row) for key, row in zip(keys, p, strict=True)})
    b = world.train({key: tuple(row) for key, row in zip(keys, q, strict=True)})
    differ = p.argmax(axis=1) != q.argmax(axis=1)
    pages = found(world, a, b, limit)
    assert {one.component for one in pages} == {keys[k] for k in np.flatnonzero(differ)}
    assert len(pages) == differ.sum()
    order = [(one.distance, one.component) for one in pages]
    assert order == sorted(order, reverse=True)
    for one in pages:
        k = keys.index(one.component)
        assert (one.a_says, one.b_says) == (p[k].argmax() + 1, q[k].argmax() + 1)
        assert one.distance == pytest.approx(np.abs(p[k] - q[k]).sum() / 2)
    table = np.zeros((4, 4), int)
    np.add.at(table, (p.argmax(axis=1), q.argmax(axis=1)), 1)
    assert comparing.agreement(world.context, ALICE, a, b) == table.tolist()


def test_only_what_differs_between_two_runs_is_named(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    a, b = world.train({}), world.train({})
    same = comparing.compare(world.context, ALICE, a, b)
    assert (same.settings, same.circumstances, same.same_labels) == ([], [], True)
    world.label(BOB, key, 2)
    c = world.train({})
    training.record_result(world.context, a, config={"epochs": 3, "seed": 1})
    training.record_result(
        world.context, c, config={"seed": 1, "epochs": 5, "mixup": True}, environment={"torch": "2"}
    )
    differs = comparing.compare(world.context, ALICE, a, c)
    assert differs.settings == [Difference("epochs", 3, 5), Difference("mixup", None, True)]
    assert differs.circumstances == [Difference("snapshot", 1, 2), Difference("torch", None, "2")]
    assert not differs.same_labels


def test_a_run_without_predictions_can_be_looked_at_but_has_no_disagreements(world: World) -> None:
    good = world.train({world.component(): SAYS_NEURON})
    failed = training.request_run(world.context, ALICE)
    jobs.finish(world.context, world.claimed(failed.id), "failed", error="no memory")
    assert comparing.compare(world.context, ALICE, good, failed.id).b.error == "no memory"
    asked: list[Any] = [
        lambda: comparing.agreement(world.context, ALICE, good, failed.id),
        lambda: comparing.disagreements(world.context, ALICE, (failed.id, good), None, 5),
    ]
    for ask in asked:
        with pytest.raises(Conflict, match=f"run {failed.id} is failed"):
            ask()


def test_labelers_may_not_compare_and_unknown_runs_cannot_be(world: World) -> None:
    run = world.train({})
    for ask in (
        lambda who, other: comparing.compare(world.context, who, run, other),
        lambda who, other: comparing.agreement(world.context, who, run, other),
        lambda who, other: comparing.disagreements(world.context, who, (run, other), None, 5),
    ):
        with pytest.raises(NotAllowed):
            ask(BOB, run)
        with pytest.raises(NotFound):
            ask(ALICE, run + 1)
