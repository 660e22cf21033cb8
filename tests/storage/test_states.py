"""The cache follows from the events and predictions: whatever happens, it can be made again."""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions import judging, promoting, training
from app.storage import states
from app.storage.tables import ComponentState
from tests.support.world import ALICE, BOB, CAROL, World

SLOW_BUT_FINE = settings(
    max_examples=15,
    deadline=None,
    # The world stays from example to example; each works on a recording of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
COMPONENTS = 3
happenings = st.lists(
    st.one_of(
        st.tuples(
            st.just("label"),
            st.sampled_from([ALICE, BOB, CAROL]),
            st.integers(0, COMPONENTS - 1),
            st.integers(1, 4),
        ),
        st.tuples(st.just("skip"), st.sampled_from([ALICE, BOB]), st.integers(0, COMPONENTS - 1)),
        st.tuples(st.just("settle"), st.integers(0, COMPONENTS - 1), st.integers(1, 4)),
        st.tuples(st.just("undo"), st.integers(0, 5)),
        st.tuples(st.just("train"), st.permutations([0.7, 0.2, 0.06, 0.04])),
    ),
    max_size=14,
)
own_labels = st.none() | st.lists(st.integers(0, 4), min_size=COMPONENTS, max_size=COMPONENTS)


def shown(state: ComponentState) -> dict[str, Any]:
    return {
        name: getattr(state, name)
        for name in ComponentState.__table__.columns.keys()  # noqa: SIM118 - not a dict
    }


def play(world: World, keys: list[int], events: list[tuple[Any, ...]]) -> None:
    """Let this happen to these components. An undo takes back the newest but so many."""
    standing: list[tuple[Any, UUID]] = []
    for kind, *rest in events:
        if kind == "label":
            who, index, label = rest
            standing.append((who, world.label(who, keys[index], label)))
        elif kind == "skip":
            who, index = rest
            standing.append((who, world.skip(who, keys[index])))
        elif kind == "settle":
            index, label = rest
            standing += [(who, world.label(who, keys[index], label)) for who in (ALICE, BOB)]
            world.settle(keys[index], label, ALICE, BOB)
        elif kind == "undo" and standing:
            who, what = standing.pop(-1 - rest[0] % len(standing))
            world.undo(who, what)
        elif kind == "train":
            world.train(dict.fromkeys(keys, rest[0]))


@SLOW_BUT_FINE
@given(own_labels, happenings)
def test_the_cache_equals_what_is_rebuilt_from_the_log(
    world: World, labels: list[int] | None, events: list[tuple[Any, ...]]
) -> None:
    keys = world.recording(COMPONENTS, labels=labels)
    play(world, keys, events)
    run = promoting.serving_run(world.context)
    trained = any(kind == "train" for kind, *_ in events)
    before = {key: shown(world.state(key)) for key in keys}
    with world.context.database.write() as session:
        snapshot = training.get_run(world.context, run).snapshot_event_id if run else None
        model = (run, snapshot or 0) if run and trained else None
        states.rebuild(session, keys, model)
    assert {key: shown(world.state(key)) for key in keys} == before


@SLOW_BUT_FINE
@given(own_labels, happenings, st.sampled_from([ALICE, BOB]), st.integers(1, 4))
def test_an_answer_that_is_taken_back_leaves_everything_as_it_was(
    world: World, labels: list[int] | None, events: list[tuple[Any, ...]], who: Any, label: int
) -> None:
    keys = world.recording(COMPONENTS, labels=labels)
    play(world, keys, events)
    before = shown(world.state(keys[0]))
    answer = world.label(who, keys[0], label)
    assert world.state(keys[0]).quality is None
    world.undo(who, answer)
    assert shown(world.state(keys[0])) == before


def test_a_look_at_the_label_voids_its_quality(world: World) -> None:
    key = world.component(labeled_by=[ALICE], label=1)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    assert world.state(key).quality is not None
    world.label(ALICE, key, 1)
    assert world.state(key).quality is None, "even if the label stays the same"


def test_skipping_leaves_the_quality(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    before = world.state(key).quality
    skip = world.skip(BOB, key)
    world.undo(BOB, skip)
    assert world.state(key).quality == before is not None


def test_an_answer_during_the_training_has_no_quality(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    run = training.request_run(world.context, ALICE)
    world.claimed(run.id)
    snapshot = training.take_snapshot(world.context, run.id)
    world.label(BOB, key, 1)
    world.predict(run.id, {key: (0.1, 0.7, 0.1, 0.1)}, snapshot)
    assert judging.show_predictions(world.context, run.id)
    state = world.state(key)
    assert (state.predicted, state.quality) == (2, None)


def test_the_quality_is_not_of_a_label_that_was_taken_back_during_the_training(
    world: World,
) -> None:
    key = world.component(labeled_by=[ALICE], label=1)
    mistake = world.label(ALICE, key, 2)
    run = training.request_run(world.context, ALICE)
    world.claimed(run.id)
    snapshot = training.take_snapshot(world.context, run.id)
    world.undo(ALICE, mistake)
    world.predict(run.id, {key: (0.1, 0.7, 0.1, 0.1)}, snapshot)
    assert judging.show_predictions(world.context, run.id)
    assert (world.state(key).label, world.state(key).quality) == (1, None)


def test_the_quality_is_not_of_a_label_that_was_taken_back_after_the_training(
    world: World,
) -> None:
    key = world.component(labeled_by=[ALICE], label=1)
    mistake = world.label(ALICE, key, 2)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    assert world.state(key).quality is not None
    world.undo(ALICE, mistake)
    assert (world.state(key).label, world.state(key).quality) == (1, None)
