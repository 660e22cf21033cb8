from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.storage.tables import Component, LabelEventRow
from tests.support.world import ALICE, BOB, START, World


def test_an_event_cannot_be_changed(world: World) -> None:
    component = world.component(labeled_by=[BOB], label=2)
    with pytest.raises(DBAPIError, match="append-only"), world.context.database.write() as session:
        session.execute(update(LabelEventRow).values(label=3))
    assert world.log()[0].label == 2
    assert world.state(component).label == 2


def test_an_event_cannot_be_removed(world: World) -> None:
    world.component(labeled_by=[BOB])
    with pytest.raises(DBAPIError, match="append-only"), world.context.database.write() as session:
        session.execute(delete(LabelEventRow))
    assert len(world.log()) == 1


@pytest.mark.postgres
def test_the_log_cannot_be_truncated(postgres_world: World) -> None:
    postgres_world.component(labeled_by=[BOB])
    with (
        pytest.raises(DBAPIError, match="append-only"),
        postgres_world.context.database.write() as session,
    ):
        session.execute(text("TRUNCATE label_event"))
    assert len(postgres_world.log()) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        {"kind": "label", "label": 5},
        {"kind": "label", "label": 0},
        {"kind": "label", "label": None},
        {"kind": "skip", "label": 1},
        {"kind": "undo", "undoes": None},
        {"kind": "label", "label": 1, "undoes": UUID(int=7)},
        {"kind": "label", "label": 1, "component_id": 999_999},
        {"kind": "label", "label": 1, "labeler_id": 999_999},
    ],
    ids=str,
)
def test_the_database_itself_refuses_an_event_that_makes_no_sense(
    world: World, nonsense: dict[str, object]
) -> None:
    event = {
        "uuid": uuid4(),
        "component_id": world.component(),
        "labeler_id": BOB.id,
        "created_at": START,
        **nonsense,
    }
    with pytest.raises(IntegrityError), world.context.database.write() as session:
        session.connection().execute(insert(LabelEventRow).values(**event))
    assert world.log() == []


def test_an_event_is_taken_back_once_whoever_races(world: World) -> None:
    component = world.component()
    answer = world.label(BOB, component, 1)
    world.undo(BOB, answer)
    again = {
        "uuid": uuid4(),
        "component_id": component,
        "labeler_id": BOB.id,
        "kind": "undo",
        "undoes": answer,
        "created_at": START,
    }
    with pytest.raises(IntegrityError), world.context.database.write() as session:
        session.connection().execute(insert(LabelEventRow).values(**again))


def test_what_events_speak_of_cannot_be_removed(world: World) -> None:
    world.component(labeled_by=[ALICE])
    with pytest.raises(IntegrityError), world.context.database.write() as session:
        session.execute(delete(Component))
