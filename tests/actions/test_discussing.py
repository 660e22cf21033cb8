from uuid import UUID, uuid4

import pytest

from app.actions import browsing, discussed, discussing, exporting, noting, retracing
from app.actions.discussed import DiscussionView, State
from app.actions.discussing import Raised, Settled, Withdrawn
from app.actions.noting import Noted
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotAllowed, NotFound
from tests.support.world import ALICE, BOB, CAROL, World


def listed(world: World, who: Account, state: State = "open") -> list[DiscussionView]:
    return discussed.list_discussions(world.context, who, state, None, 10)


def components(world: World, state: State = "open") -> list[int]:
    return [one.component for one in listed(world, ALICE, state)]


@pytest.fixture
def disputed(world: World) -> int:
    """A component that Bob and Carol answered differently and Bob put up."""
    key = world.component(imported=3)
    world.label(BOB, key, 1)
    world.label(CAROL, key, 2)
    world.put_up(BOB, key, "  a ring?\n")
    return key


def agreed(key: int, label: int = 1, who: Account = CAROL, text: str = "") -> Settled:
    return Settled(uuid4(), key, label, who.name, text)


def test_what_is_put_up_says_who_why_and_what_each_answered(world: World, disputed: int) -> None:
    noting.write(world.context, CAROL, Noted(uuid4(), disputed, "dim"))
    (one,) = listed(world, BOB)
    assert (one.component, one.state, one.hidden, one.label) == (disputed, "open", False, 2)
    assert [(turn.kind, turn.labeler, turn.text) for turn in one.turns] == [
        ("raise", "Bob", "a ring?")
    ]
    assert [(said.labeler, said.person, said.label) for said in one.answers] == [
        ("suite2p iscell", False, 3),
        ("Bob", True, 1),
        ("Carol", True, 2),
    ]
    assert [note.text for note in one.notes] == ["dim"]
    assert one.partners == ("Carol",)
    assert discussed.count_open(world.context) == 1


def test_who_has_not_answered_sees_that_it_is_put_up_and_nothing_that_was_said(
    world: World, disputed: int
) -> None:
    world.undo(CAROL, world.label(CAROL, disputed, 4))
    other = world.component(labeled_by=[ALICE], label=4)
    world.put_up(ALICE, other, "surely noise")
    noting.write(world.context, ALICE, Noted(uuid4(), other, "noise, I say"))
    world.put_up(BOB, other, "why?")
    (one,) = [one for one in listed(world, BOB) if one.component == other]
    assert (one.hidden, one.label, one.answers, one.notes, one.partners) == (True, None, (), (), ())
    assert [(turn.labeler, turn.text) for turn in one.turns] == [("Alice", None), ("Bob", "why?")]
    world.label(BOB, other, 1)
    world.settle(other, 4, BOB, ALICE)
    (hidden,) = listed(world, CAROL, "settled")
    assert [(turn.kind, turn.text, turn.label) for turn in hidden.turns][-1] == (
        "settle",
        None,
        None,
    )


def test_two_people_settle_and_the_label_follows(world: World, disputed: int) -> None:
    world.label(ALICE, disputed, 4)
    world.label(CAROL, disputed, 4)
    world.clock.forward(minutes=5)
    discussing.settle(world.context, BOB, agreed(disputed, 1, text="a ring, in another light"))
    state = world.state(disputed)
    assert (state.label, state.people, state.disagreement) == (1, 2, False)
    assert components(world) == []
    (one,) = listed(world, ALICE, "settled")
    last = one.turns[-1]
    assert (one.state, one.label, last.label, last.settled_with) == ("settled", 1, 1, "Carol")
    assert (last.labeler, last.text) == ("Bob", "a ring, in another light")
    assert [said.label for said in one.answers if said.person] == [1, 4, 4], "each one's own"
    entry = browsing.history(world.context, ALICE, disputed)[-1]
    assert (entry.labeler, entry.label, entry.settled_with) == ("Bob", 1, "Carol")
    row = list(exporting.label_history(world.context, ALICE))[-1]
    assert (row["labeler"], row["settled_with"]) == ("Bob", "Carol")
    assert discussed.count_open(world.context) == 0


def test_put_up_again_it_is_open_and_its_label_stands_until_another_is_settled(
    world: World, disputed: int
) -> None:
    discussing.settle(world.context, BOB, agreed(disputed, 1))
    with pytest.raises(Conflict, match="not up for discussion"):
        discussing.settle(world.context, BOB, agreed(disputed, 2))
    world.put_up(CAROL, disputed, "not so sure")
    assert (components(world), components(world, "settled")) == ([disputed], [])
    assert world.state(disputed).label == 1
    discussing.settle(world.context, CAROL, agreed(disputed, 4, BOB))
    assert (components(world, "settled"), world.state(disputed).label) == ([disputed], 4)
    (one,) = listed(world, BOB, "settled")
    assert [turn.kind for turn in one.turns] == ["raise", "settle", "raise", "settle"]


def test_only_two_people_who_have_both_answered_settle(world: World, disputed: int) -> None:
    def settle(who: Account, with_whom: str) -> None:
        given = Settled(uuid4(), disputed, 1, with_whom, "")
        discussing.settle(world.context, who, given)

    for who, with_whom, reason in (
        (ALICE, "Bob", "Alice has not answered"),
        (BOB, "Alice", "Alice has not answered"),
        (BOB, "Bob", "name the other one"),
    ):
        with pytest.raises(Conflict, match=reason):
            settle(who, with_whom)
    for nobody in ("Dora", "suite2p iscell"):
        with pytest.raises(NotFound, match="no person named"):
            settle(BOB, nobody)
    assert components(world) == [disputed]
    settle(CAROL, "Bob")


def test_what_was_never_put_up_is_not_settled(world: World) -> None:
    key = world.component(labeled_by=[BOB, CAROL])
    with pytest.raises(Conflict, match="not up for discussion"):
        discussing.settle(world.context, BOB, agreed(key))
    assert discussed.find(world.context, BOB, key) is None


def withdraw(world: World, who: Account, key: int, id: UUID | None = None) -> None:
    discussing.withdraw(world.context, who, Withdrawn(id or uuid4(), key))


def test_what_was_put_up_by_mistake_is_taken_off_the_list(world: World, disputed: int) -> None:
    assert [one.withdrawable for one in listed(world, BOB)] == [True]
    given = uuid4()
    for _ in range(2):
        withdraw(world, BOB, disputed, given)
    assert (components(world), discussed.count_open(world.context)) == ([], 0)
    assert discussed.find(world.context, BOB, disputed) is None
    with pytest.raises(Conflict, match="not up for discussion"):
        withdraw(world, BOB, disputed)
    with pytest.raises(Conflict, match="not up for discussion"):
        discussing.settle(world.context, BOB, agreed(disputed))
    with pytest.raises(Conflict, match="used for something else"):
        withdraw(world, CAROL, disputed, given)
    world.put_up(CAROL, disputed, "and yet")
    (one,) = listed(world, BOB)
    assert [(turn.labeler, turn.withdrawn_at is None) for turn in one.turns] == [
        ("Bob", False),
        ("Carol", True),
    ]
    assert not one.withdrawable


def test_taken_off_the_list_what_was_settled_before_is_settled(world: World, disputed: int) -> None:
    discussing.settle(world.context, BOB, agreed(disputed, 1))
    world.put_up(CAROL, disputed, "not so sure")
    withdraw(world, CAROL, disputed)
    assert (components(world), components(world, "settled")) == ([], [disputed])
    (one,) = listed(world, CAROL, "settled")
    assert (one.state, one.label, one.withdrawable) == ("settled", 1, False)


def test_only_who_put_it_up_takes_it_off_and_only_while_nobody_else_has_spoken(
    world: World, disputed: int
) -> None:
    with pytest.raises(NotAllowed, match="Bob put it up"):
        withdraw(world, CAROL, disputed)
    with pytest.raises(NotFound):
        withdraw(world, BOB, 999)
    world.clock.forward(minutes=1)
    other = world.component(labeled_by=[BOB])
    world.put_up(BOB, other)
    world.clock.forward(minutes=1)
    world.label(BOB, disputed, 4)
    assert all(one.withdrawable for one in listed(world, BOB)), "one's own second thoughts"
    noting.write(world.context, CAROL, Noted(uuid4(), disputed, "dim"))
    world.label(ALICE, other, 2)
    assert not any(one.withdrawable for one in listed(world, BOB))
    for key in (disputed, other):
        with pytest.raises(Conflict, match="Settle it with one of them"):
            withdraw(world, BOB, key)
    assert components(world) == [other, disputed]


def test_a_settled_label_is_no_step_to_walk_back_through(world: World, disputed: int) -> None:
    settled = agreed(disputed)
    discussing.settle(world.context, BOB, settled)
    steps = retracing.own_steps(world.context, BOB, None, None, 9)
    assert settled.id not in [step.id for step in steps]
    with pytest.raises(Conflict, match="settled by two people"):
        world.undo(BOB, settled.id)


def test_the_same_again_is_harmless_but_no_other_use_of_its_id(world: World, disputed: int) -> None:
    other = world.component(labeled_by=[BOB, CAROL])
    raised = Raised(uuid4(), other, "once")
    settled = agreed(disputed, 1)
    for _ in range(2):
        discussing.put_up(world.context, BOB, raised)
        discussing.settle(world.context, BOB, settled)
    assert components(world) == [other]
    assert len(listed(world, BOB)[0].turns) == 1
    label = world.label(BOB, other, 1)
    for again in (
        Raised(raised.id, other, "twice"),
        Raised(raised.id, disputed, "once"),
        Raised(settled.id, disputed, ""),
        Raised(label, other, ""),
    ):
        with pytest.raises(Conflict, match="used for something else"):
            discussing.put_up(world.context, BOB, again)
    for changed in (
        Settled(settled.id, disputed, 2, "Carol", ""),
        Settled(settled.id, disputed, 1, "Alice", ""),
        Settled(label, other, 1, "Carol", ""),
    ):
        with pytest.raises(Conflict, match="used for something else"):
            discussing.settle(world.context, BOB, changed)


def test_the_list_turns_pages_newest_first(world: World) -> None:
    keys = world.recording(5)
    for key in keys:
        world.put_up(BOB, key)
    world.put_up(CAROL, keys[1])
    seen: list[int] = []
    before = None
    while page := discussed.list_discussions(world.context, ALICE, "open", before, 2):
        seen += [one.component for one in page]
        before = page[-1].turn
    assert seen == [keys[1], keys[4], keys[3], keys[2], keys[0]]


def test_there_is_nothing_to_say_about_what_there_is_not(world: World) -> None:
    with pytest.raises(NotFound):
        world.put_up(BOB, 999)
    with pytest.raises(NotFound):
        discussing.settle(world.context, BOB, agreed(999))
