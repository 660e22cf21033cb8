from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions import jobs, judging, promoting, training
from app.actions.training import Snapshot
from app.domain.errors import Conflict, NotAllowed, NotFound
from tests.support.world import ALICE, BOB, CAROL, World


def said(snapshot: Snapshot) -> dict[int, int]:
    return dict(zip(snapshot.component_ids.tolist(), snapshot.labels.tolist(), strict=True))


def naive_labels(world: World, up_to: int) -> dict[int, int]:
    """What the log comes to after an event, retold as simply as can be."""
    answers: dict[tuple[int, int], list[Any]] = {}
    for event in world.log():
        if event.id > up_to:
            break
        mine = answers.setdefault((event.component_id, event.labeler_id), [])
        if event.kind == "label":
            mine.append(event)
        elif event.kind == "undo":
            mine[:] = [one for one in mine if one.uuid != event.undoes]
    people = {ALICE.id, BOB.id, CAROL.id}
    labels = {}
    for component in {component for component, _ in answers}:
        latest = {
            who: mine[-1] for (key, who), mine in answers.items() if key == component and mine
        }
        counted = {who: one for who, one in latest.items() if who in people} or latest
        votes = sorted(counted.values(), key=lambda one: one.id)
        if votes:
            given_by = [one.label for one in votes]
            most = max(given_by.count(label) for label in given_by)
            labels[component] = [label for label in given_by if given_by.count(label) == most][-1]
    return labels


events = st.lists(
    st.one_of(
        st.tuples(
            st.just("label"),
            st.sampled_from([ALICE, BOB, CAROL]),
            st.integers(0, 2),
            st.integers(1, 4),
        ),
        st.tuples(st.just("undo"), st.integers(0, 5)),
        st.tuples(st.just("skip"), st.sampled_from([ALICE, BOB]), st.integers(0, 2)),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events, st.integers(0, 12))
def test_the_labels_at_an_event_are_those_of_a_simple_retelling(
    world: World, happened: list[tuple[Any, ...]], back: int
) -> None:
    keys = world.recording(3, labels=[1, 0, 2])
    standing: list[tuple[Any, Any]] = []
    for kind, *rest in happened:
        if kind == "label":
            standing.append((rest[0], world.label(rest[0], keys[rest[1]], rest[2])))
        elif kind == "skip":
            world.skip(rest[0], keys[rest[1]])
        elif standing:
            who, what = standing.pop(-1 - rest[0] % len(standing))
            world.undo(who, what)
    event = max(world.log()[-1].id - back, 0)
    snapshot = training.labels_at(world.context, event)
    assert said(snapshot) == naive_labels(world, event)
    assert snapshot.component_ids.tolist() == sorted(snapshot.component_ids)
    recordings = [world.state(int(key)).recording_id for key in snapshot.component_ids]
    assert snapshot.recording_ids.tolist() == recordings


def test_a_snapshot_can_be_taken_again_whatever_came_since(world: World) -> None:
    first, second = world.recording(2)
    answer = world.label(ALICE, first, 1)
    run = training.request_run(world.context, ALICE)
    before = training.take_snapshot(world.context, run.id)
    world.undo(ALICE, answer)
    world.label(BOB, second, 3)
    again = training.take_snapshot(world.context, run.id)
    assert said(again) == said(before) == {first: 1}
    assert again.event_id == before.event_id == 1
    view = training.get_run(world.context, run.id)
    assert (view.snapshot_event_id, view.labels) == (1, 1)


def test_a_snapshot_knows_how_often_a_label_was_confirmed_and_by_whom_contradicted(
    world: World,
) -> None:
    once, twice, both = world.recording(3, labels=[2, 0, 0])
    world.label(ALICE, twice, 3)
    world.label(ALICE, twice, 3)
    world.label(ALICE, both, 1)
    world.label(BOB, both, 4)
    snapshot = training.labels_at(world.context, world.log()[-1].id)
    assert snapshot.component_ids.tolist() == [once, twice, both]
    assert snapshot.answers.tolist() == [[0, 1, 0, 0], [0, 0, 2, 0], [1, 0, 0, 1]]


def test_a_second_attempt_begins_without_the_first_ones_predictions(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    run = training.request_run(world.context, ALICE)
    for _ in range(2):
        snapshot = training.take_snapshot(world.context, run.id)
        assert list(judging.unpredicted(world.context, run.id)) == [[key]]
        world.predict(run.id, {key: (0.25, 0.25, 0.25, 0.25)}, snapshot)
    assert list(judging.unpredicted(world.context, run.id)) == []


def test_one_run_at_a_time(world: World) -> None:
    first = training.request_run(world.context, ALICE, {"epochs": 3})
    assert (first.state, first.config, first.created_by) == ("queued", {"epochs": 3}, "Alice")
    assert world.tasks.lanes == ["slow"]
    with pytest.raises(Conflict, match=f"Training run {first.id} is queued already"):
        training.request_run(world.context, ALICE)
    training.cancel_run(world.context, ALICE, first.id)
    assert training.request_run(world.context, ALICE).id > first.id


def test_only_admins_train_and_cancel(world: World) -> None:
    with pytest.raises(NotAllowed):
        training.request_run(world.context, BOB)
    run = training.request_run(world.context, ALICE)
    with pytest.raises(NotAllowed):
        training.cancel_run(world.context, BOB, run.id)
    with pytest.raises(NotFound):
        training.cancel_run(world.context, ALICE, run.id + 1)


def test_a_run_that_has_ended_is_not_cancelled(world: World) -> None:
    run = world.train({})
    with pytest.raises(Conflict, match="succeeded already"):
        training.cancel_run(world.context, ALICE, run)


def test_the_newest_run_that_succeeded_serves(world: World) -> None:
    assert promoting.serving_run(world.context) is None
    good = world.train({})
    failed = training.request_run(world.context, ALICE)
    assert jobs.finish(world.context, world.claimed(failed.id), "failed", error="no")
    assert promoting.serving_run(world.context) == good
    assert [run.id for run in training.list_runs(world.context, None, 5)] == [failed.id, good]


# --- training by itself ---


def test_nobody_trains_by_itself_unless_it_is_set(world: World) -> None:
    world.component(labeled_by=[ALICE])
    assert training.retrain_if_due(world.context) is None


def test_enough_changes_and_then_quiet_start_a_run_once(world: World) -> None:
    context = world.with_settings(retrain_after_labels=2, retrain_quiet_minutes=5)
    first, second = world.recording(2, labels=[1, 1])
    world.clock.forward(hours=1)
    assert training.retrain_if_due(context) is None, "what a file says starts nothing"
    world.label(BOB, first, 1)
    world.label(BOB, first, 2)
    world.skip(BOB, second)
    world.clock.forward(hours=1)
    assert training.retrain_if_due(context) is None, "one component has changed, not two"
    world.label(BOB, second, 1)
    world.clock.forward(minutes=4, seconds=59)
    assert training.retrain_if_due(context) is None, "somebody is still labeling"
    world.clock.forward(seconds=1)
    run = training.retrain_if_due(context)
    assert run is not None
    assert run.created_by == "Somata"
    assert training.retrain_if_due(context) is None, "it waits already"


def test_a_run_starts_the_count_anew_however_it_ended(world: World) -> None:
    context = world.with_settings(retrain_after_labels=1, retrain_quiet_minutes=0)
    key = world.component(labeled_by=[BOB])
    run = training.retrain_if_due(context)
    assert run is not None
    training.take_snapshot(context, run.id)
    jobs.finish(context, world.claimed(run.id), "failed")
    assert training.retrain_if_due(context) is None
    world.label(BOB, key, 2)
    assert training.retrain_if_due(context) is not None


def test_an_admin_who_is_quicker_is_no_error(world: World) -> None:
    context = world.with_settings(retrain_after_labels=1, retrain_quiet_minutes=0)
    world.component(labeled_by=[BOB])

    def meanwhile() -> datetime:
        training.request_run(world.context, ALICE)
        return world.clock()

    assert training.retrain_if_due(replace(context, now=meanwhile)) is None
    assert len(training.list_runs(world.context, None, 5)) == 1
