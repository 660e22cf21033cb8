from uuid import uuid4

import pytest

from app.actions import browsing, noting
from app.actions.noting import Noted
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.storage.components import Filters
from tests.support.world import ALICE, BOB, CAROL, START, World


def write(world: World, who: Account, component: int, text: str) -> None:
    noting.write(world.context, who, Noted(uuid4(), component, text))


def read(world: World, who: Account, component: int) -> list[tuple[str, str]]:
    view = browsing.get_component(world.context, who, component)
    return [(one.labeler, one.text) for one in view.notes]


def test_a_note_says_who_and_when(world: World) -> None:
    key = world.component()
    write(world, BOB, key, "  a dendrite crosses it\n")
    (note,) = browsing.get_component(world.context, ALICE, key).notes
    assert (note.component, note.labeler, note.text, note.created_at) == (
        key,
        "Bob",
        "a dendrite crosses it",
        START,
    )
    assert noting.own(world.context, BOB, key) == note


def test_a_new_note_stands_in_place_of_ones_own_earlier_one(world: World) -> None:
    key, other = world.recording(2)
    write(world, BOB, key, "first")
    write(world, CAROL, key, "hers")
    write(world, BOB, other, "elsewhere")
    write(world, BOB, key, "second")
    assert read(world, ALICE, key) == [("Carol", "hers"), ("Bob", "second")]
    assert read(world, ALICE, other) == [("Bob", "elsewhere")]


def test_an_empty_note_takes_ones_earlier_ones_back(world: World) -> None:
    key = world.component()
    write(world, BOB, key, "first")
    write(world, BOB, key, " ")
    assert read(world, ALICE, key) == []
    assert noting.own(world.context, BOB, key) is None


def test_others_notes_are_hidden_until_one_has_answered(world: World) -> None:
    key = world.component()
    write(world, CAROL, key, "surely a process")
    write(world, BOB, key, "mine")
    assert read(world, BOB, key) == [("Bob", "mine")]
    listed = browsing.list_components(world.context, BOB, Filters(), "id", None, 5)[0]
    assert [note.text for note in listed[0].notes] == ["mine"]
    world.label(BOB, key, 1)
    assert read(world, BOB, key) == [("Carol", "surely a process"), ("Bob", "mine")]
    own = noting.own(world.context, BOB, key)
    assert own is not None
    assert own.text == "mine"


def test_the_same_note_again_is_harmless_but_no_other_use_of_its_id(world: World) -> None:
    first, second = world.recording(2)
    note = Noted(uuid4(), first, "once")
    assert noting.write(world.context, BOB, note) == noting.write(world.context, BOB, note)
    assert read(world, ALICE, first) == [("Bob", "once")]
    for who, other in (
        (BOB, Noted(note.id, first, "twice")),
        (BOB, Noted(note.id, second, "once")),
        (CAROL, note),
    ):
        with pytest.raises(Conflict, match="used for something else"):
            noting.write(world.context, who, other)


def test_a_note_is_about_a_component_that_there_is(world: World) -> None:
    with pytest.raises(NotFound):
        write(world, BOB, 999, "where?")
    with pytest.raises(NotFound):
        noting.own(world.context, BOB, 999)
