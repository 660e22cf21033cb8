"""Selections: components chosen together, kept for a week."""

import pytest

from app.actions import rounds, selecting
from app.actions.rounds import RoundPlan
from app.domain.errors import Conflict, NotFound
from app.storage.tables import Selection
from tests.support.world import ALICE, BOB, NOBODY_IS_SURE, World


def test_a_selection_keeps_its_order_and_each_component_once(world: World) -> None:
    a, b, c = world.recording(3)
    made = selecting.make(world.context, BOB, [c, a, c, b], "odd ones")
    assert made.components == (c, a, b)
    assert (made.name, made.created_by) == ("odd ones", "Bob")
    assert selecting.get(world.context, made.id) == made


def test_what_is_not_there_cannot_be_selected(world: World) -> None:
    key = world.component()
    with pytest.raises(NotFound, match="component 99"):
        selecting.make(world.context, BOB, [key, 99])


def test_it_is_gone_after_a_week(world: World) -> None:
    made = selecting.make(world.context, BOB, [world.component()])
    world.clock.forward(days=6, hours=23)
    selecting.get(world.context, made.id)
    world.clock.forward(hours=1)
    with pytest.raises(NotFound):
        selecting.get(world.context, made.id)
    selecting.make(world.context, ALICE, [1])
    with world.context.database.read() as session:
        assert session.get(Selection, made.id) is None, "who makes one clears away what expired"


def test_of_one_person_the_newest_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "KEPT_EACH", 2)
    key = world.component()
    theirs = selecting.make(world.context, ALICE, [key])
    first, second, third = (selecting.make(world.context, BOB, [key]) for _ in range(3))
    with pytest.raises(NotFound):
        selecting.get(world.context, first.id)
    for one in (theirs, second, third):
        assert selecting.get(world.context, one.id).components == (key,)


def test_a_round_of_a_selection_has_its_labeled_ones_the_confusing_first(world: World) -> None:
    sure, unsure, unlabeled, other = world.recording(4)
    for key in (sure, unsure, other):
        world.label(BOB, key, 1)
    surely = (0.97, 0.01, 0.01, 0.01)
    world.train({sure: surely, unsure: NOBODY_IS_SURE, unlabeled: surely, other: surely})
    made = selecting.make(world.context, ALICE, [sure, unlabeled, unsure])
    opened = rounds.open_round(world.context, ALICE, RoundPlan("entropy", 9, selection=made.id))
    assert opened.size == 2
    assert [world.next_for(who, "quality", round=opened.id) for who in (ALICE, BOB)] == [
        unsure,
        sure,
    ]


def test_a_round_of_a_selection_without_labels_says_so(world: World) -> None:
    key = world.component(labeled_by=[BOB], entropy=0.5)
    empty = selecting.make(world.context, ALICE, [world.component()])
    with pytest.raises(Conflict, match="has a label yet"):
        rounds.open_round(world.context, ALICE, RoundPlan("quality", 9, selection=empty.id))
    with pytest.raises(NotFound, match="selection"):
        rounds.open_round(world.context, ALICE, RoundPlan("quality", key, selection=999))
