"""The orders of the queue, as the worker computes them."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.actions import judging, learning
from app.storage import runs
from app.worker import orders
from app.worker.orders import draw_diverse, orders_of
from classifier.acquisition import LabeledModel
from classifier.measures import VERSION
from tests.support.world import ALICE, NOBODY_IS_SURE, World

SURE = (0.97, 0.01, 0.01, 0.01)


def measured(world: World, places: Sequence[float]) -> list[int]:
    """A recording whose components lie at these places of a line, by their measures."""
    keys = world.recording(len(places))
    table = np.zeros((len(places), 2), np.float32)
    table[:, 0] = places
    learning.keep_measures(world.context, keys, table, VERSION)
    return keys


def judged(world: World, keys: Sequence[int], sure: Sequence[int] = ()) -> int:
    """A run that is sure of some and undecided of the rest, and has drawn nothing."""
    run = world.train({key: SURE if key in sure else NOBODY_IS_SURE for key in keys})
    judging.store_diverse(world.context, run, {})
    return run


def drawn(world: World, run: int) -> list[int]:
    """Components by their order, the first to ask first."""
    draw_diverse(world.context, run)
    with world.context.database.read() as session:
        rows = runs.predictions(session, run, None, 0, 999)
    named = {row.component_id: row.diverse for row in rows if row.diverse is not None}
    assert all(0 < worth <= 1 for worth in named.values())
    return sorted(named, key=lambda key: -named[key])


def test_what_lies_far_from_the_answered_and_from_each_other_comes_first(world: World) -> None:
    keys = measured(world, [0, 0, 0, 100, 100, 100, -100])
    world.label(ALICE, keys[0], 1)
    found = drawn(world, judged(world, keys))
    assert sorted(found) == keys[1:], "answered ones are not asked again, all others are"
    assert {key in keys[3:6] for key in found[:2]} == {True, False}
    assert keys[6] in found[:2]
    assert found[0] in keys[3:]


def test_what_the_run_is_sure_of_comes_last(world: World) -> None:
    keys = measured(world, [0, 50, 60, 70, -80])
    world.label(ALICE, keys[0], 1)
    run = world.train({**dict.fromkeys(keys, NOBODY_IS_SURE), keys[4]: (1.0, 0.0, 0.0, 0.0)})
    assert drawn(world, run)[-1] == keys[4]


def test_only_some_are_drawn_and_the_queue_serves_them_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "DRAWN", 3)
    keys = measured(world, range(8))
    run = judged(world, keys)
    found = drawn(world, run)
    assert len(found) == 3
    judging.show_predictions(world.context, run)
    served = [one.component for one in world.work_for(ALICE, "diverse", 9)]
    assert served == found + [key for key in keys if key not in found]


def test_another_draw_replaces_the_one_before(world: World) -> None:
    keys = measured(world, range(6))
    run = judged(world, keys)
    first = drawn(world, run)[0]
    world.label(ALICE, first, 1)
    assert first not in drawn(world, run)


def test_a_draw_looks_at_a_bounded_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "DRAWN_FROM", 4)
    keys = measured(world, range(12))
    run = judged(world, keys)
    found = drawn(world, run)
    assert len(found) == 4
    assert drawn(world, run) == found, "the same each time"


def test_what_is_not_judged_or_measured_yet_is_left_out(world: World) -> None:
    keys = measured(world, range(4))
    run = judged(world, keys)
    world.recording(3)
    assert sorted(drawn(world, run)) == keys
    bare = world.recording(2)
    assert drawn(world, judged(world, [*keys, *bare])) == [], "without measures nobody can tell"


def test_orders_that_cannot_be_known_are_empty() -> None:
    given = np.array([NOBODY_IS_SURE, SURE])
    look = LabeledModel(np.zeros(1), np.ones(1), np.array([0.0, 2.0]), 0.5)
    for found in (
        orders_of(given, None, look),
        orders_of(given, np.zeros((2, 1), np.float32), None),
    ):
        assert found == {key: [None, None] for key in ("mutual_information", "dcal", "dal")}


def test_dal_is_how_unlike_the_labeled_and_dcal_leans_to_it() -> None:
    given = np.array([NOBODY_IS_SURE, NOBODY_IS_SURE])
    look = LabeledModel(np.zeros(1), np.ones(1), np.array([0.0, 2.0]), 0.5)
    found = orders_of(given, np.array([[-1], [1]], np.float32), look)
    unlike, like = found["dal"]
    assert unlike == pytest.approx(1 / (1 + np.exp(-2)))
    assert like == pytest.approx(1 - float(unlike or 0))
    assert (found["dcal"][0] or 0) > (found["dcal"][1] or 0)
