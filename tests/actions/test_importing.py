import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.actions import importing
from app.domain.recordings import ImportedLabels, Recording
from app.storage import components
from app.storage.tables import Base, Labeler
from tests.support.world import ALICE, World, make_recording


def rows(world: World) -> dict[str, int]:
    """How many rows each table has."""
    with world.context.database.read() as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }


def store(world: World, *recordings: Recording) -> list[importing.Imported]:
    return importing.store(world.context, ALICE, recordings, source="made up")


def test_a_recording_is_stored_as_it_is(world: World) -> None:
    recording = replace(
        make_recording(3, seed=1),
        traces=np.arange(30, dtype=np.float32).reshape(3, 10),
        summary_images={"mean": np.eye(4, dtype=np.float32)},
    )
    (stored,) = store(world, recording)
    assert (stored.new, stored.components, stored.rejected) == (True, 3, 0)
    with world.context.database.read() as session:
        back = list(components.of_recording(session, stored.recording_id))
    assert np.array_equal(np.stack([row.mask for row in back]), recording.masks)
    traces = np.stack([row.trace for row in back])
    assert np.array_equal(traces, np.arange(30).reshape(3, 10))
    places = np.array([(row.centroid_y_px, row.centroid_x_px) for row in back], np.float32)
    assert np.array_equal(places, recording.centroids_px)


def test_imported_twice_is_imported_once(world: World) -> None:
    recording = make_recording(3, seed=1, labels=[1, 2, 0])
    (first,) = store(world, recording)
    before = rows(world)
    (second,) = store(world, replace(recording, name="under another name"))
    assert (second.recording_id, second.new) == (first.recording_id, False)
    assert rows(world) == before


def test_the_same_recording_twice_in_one_source_is_stored_once(world: World) -> None:
    recording = make_recording(2, seed=1)
    first, second = store(world, recording, recording)
    assert (first.new, second.new) == (True, False)
    assert rows(world)["recording"] == 1


def test_imported_at_once_by_many_is_imported_once(world: World) -> None:
    recordings = [make_recording(20, seed=seed, labels=[1] * 20) for seed in (1, 2)]
    outcomes: list[list[importing.Imported]] = []
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait()
        # In either order: two that wait for each other would never end.
        outcomes.append(store(world, *recordings[:: 1 if number % 2 else -1]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert sum(one.new for outcome in outcomes for one in outcome) == 2
    count = rows(world)
    assert (count["recording"], count["component"], count["label_event"]) == (2, 40, 40)


def test_a_failed_import_leaves_no_row(world: World) -> None:
    before = rows(world)
    twice_the_same_index = replace(
        make_recording(3, seed=2, labels=[1, 1, 1]), source_indices=np.array([0, 1, 1])
    )
    with pytest.raises(SQLAlchemyError):
        store(world, make_recording(3, seed=1, labels=[1, 2, 3]), twice_the_same_index)
    assert rows(world) == before


def test_a_files_labels_are_those_of_an_annotator_that_cannot_sign_in(world: World) -> None:
    keys = world.recording(4, labels=[1, 0, 3, 4], annotator="caiman accepted")
    assert [world.state(key).label for key in keys] == [1, None, 3, 4]
    assert [world.state(key).people for key in keys] == [0, 0, 0, 0]
    with world.context.database.read() as session:
        source = session.execute(
            select(Labeler).where(Labeler.name == "caiman accepted")
        ).scalar_one()
    assert not source.person
    assert {event.labeler_id for event in world.log()} == {source.id}


def test_two_annotators_of_one_file_disagree(world: World) -> None:
    recording = replace(
        make_recording(1, seed=1),
        imported_labels=(
            ImportedLabels("first", np.array([1], np.int8)),
            ImportedLabels("second", np.array([3], np.int8)),
        ),
    )
    (stored,) = store(world, recording)
    state = world.state(world.components_of(stored.recording_id)[0])
    assert (state.label, state.people, state.disagreement) == (3, 0, True)


def test_a_source_with_a_persons_name_is_not_that_person(world: World) -> None:
    world.recording(1, labels=[1], annotator="Alice")
    world.recording(1, labels=[2], annotator="Alice")
    assert ALICE.id not in {event.labeler_id for event in world.log()}
    assert len({event.labeler_id for event in world.log()}) == 1


@pytest.mark.parametrize("name", ["x" * 300, "B" * 100])
def test_a_long_name_of_a_source_is_cut(world: World, name: str) -> None:
    with world.context.database.write() as session:
        session.add(Labeler(name="B" * 100, role="labeler", person=True, created_at=world.clock()))
    world.recording(1, labels=[1], annotator=name)
    with world.context.database.read() as session:
        names = session.execute(select(Labeler.name).where(~Labeler.person)).scalars().all()
    assert len(names) == 1
    assert len(names[0]) <= 100


def test_new_components_are_scored_once_there_is_a_model(world: World) -> None:
    world.recording(1)
    assert world.tasks.lanes == []
    world.train({})
    world.tasks.lanes.clear()
    world.recording(1)
    assert world.tasks.lanes == ["slow"]
    with world.context.database.read() as session:
        job = session.execute(select(Base.metadata.tables["job"]).where()).all()[-1]
    assert (job.kind, job.request) == ("score", {})


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.randoms())
def test_any_order_of_imports_gives_the_same_recordings(world: World, seeds, random) -> None:
    random.shuffle(seeds)
    for seed in seeds:
        store(world, make_recording(2, seed=seed, labels=[seed, 0]))
    count = rows(world)
    assert count["recording"] == len({state.recording_id for state in world.states()})
    assert count["component"] == 2 * count["recording"] == 2 * count["label_event"]
