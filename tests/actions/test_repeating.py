"""Runs that repeat an earlier one: what they take from it, and what they leave alone."""

import pytest

from app.actions import changes, promoting, training
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.storage import runs
from tests.support.world import ALICE, BOB, World

UNSURE = (0.4, 0.3, 0.2, 0.1)


def trained(world: World) -> int:
    """A run that has succeeded over three labeled components, and a label given after it."""
    keys = [world.component(labeled_by=[ALICE]) for _ in range(3)]
    run = world.train(dict.fromkeys(keys, UNSURE))
    training.record_result(world.context, run, config={"epochs": 9})
    world.component(labeled_by=[ALICE])
    return run


def test_a_repeat_has_the_labels_and_the_config_of_the_run_before(world: World) -> None:
    original = training.get_run(world.context, trained(world))
    run = training.repeat_run(world.context, ALICE, original.id)
    assert (run.repeats, run.config) == (original.id, original.config)
    assert original.repeats is None
    snapshot = training.take_snapshot(world.context, run.id)
    assert snapshot.event_id == original.snapshot_event_id
    assert len(snapshot.labels) == original.labels == 3
    assert len(training.take_snapshot(world.context, run.id).labels) == 3, "tried again"


def test_a_repeat_of_what_went_on_from_another_goes_on_from_it_too(world: World) -> None:
    parent = trained(world)
    child = training.request_run(world.context, ALICE, start_from=parent)
    world.claimed_and_done(child.id)
    assert training.repeat_run(world.context, ALICE, child.id).start_from == parent


def test_only_an_admin_repeats_and_only_what_succeeded(world: World) -> None:
    with pytest.raises(NotFound):
        training.repeat_run(world.context, ALICE, 7)
    original = trained(world)
    with pytest.raises(NotAllowed):
        training.repeat_run(world.context, BOB, original)
    waiting = training.request_run(world.context, ALICE)
    with pytest.raises(Conflict, match="is queued already"):
        training.repeat_run(world.context, ALICE, original)
    training.cancel_run(world.context, ALICE, waiting.id)
    with pytest.raises(Conflict, match=r"is cancelled\. Repeat one that has succeeded"):
        training.repeat_run(world.context, ALICE, waiting.id)


def test_a_repeat_serves_only_if_promoted(world: World) -> None:
    original = trained(world)
    newest = world.train({})
    repeat = training.repeat_run(world.context, ALICE, original)
    world.claimed_and_done(repeat.id)
    serving = promoting.serving(world.context)
    assert (serving.run, serving.newest) == (newest, newest)
    promoting.promote(world.context, ALICE, repeat.id)
    assert promoting.serving_run(world.context) == repeat.id
    promoting.follow_newest(world.context, ALICE)
    assert promoting.serving_run(world.context) == newest


def test_a_repeat_is_no_step_of_what_labels_change(world: World) -> None:
    original = trained(world)
    world.claimed_and_done(training.repeat_run(world.context, ALICE, original).id)
    later = world.train(dict.fromkeys((1, 2, 3), UNSURE))
    change = changes.change_since(world.context, later, {"epochs": 9})
    assert change is not None
    assert change.since_run == original
    with world.context.database.read() as session:
        assert runs.last_snapshot(session) > (
            training.get_run(world.context, original).snapshot_event_id or 0
        )


def test_how_far_two_runs_are_apart_is_over_what_both_judged(world: World) -> None:
    first, second = world.component(labeled_by=[ALICE]), world.component(labeled_by=[ALICE])
    one = world.train({first: UNSURE, second: UNSURE})
    other = world.train({first: (0.4, 0.3, 0.05, 0.25)})
    assert training.furthest_apart(world.context, one, other) == pytest.approx(0.15)
    assert training.furthest_apart(world.context, one, one) == 0.0
    assert training.furthest_apart(world.context, one, 99) == 0.0
