import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from app.actions import defining, rounds
from app.actions.defining import DefinitionView, ExampleView
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from app.domain.definitions import LONGEST_TEXT, USUAL_TEXTS
from app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.storage import definitions
from app.storage.rows import AnyRow
from tests.support.world import ALICE, BOB, CAROL, World


def neuron(world: World, who: Account) -> DefinitionView:
    return defining.definition_for(world.context, who, 1)


def shown(world: World, who: Account, label: int = 1) -> list[int]:
    found = defining.definition_for(world.context, who, label)
    return [one.component for one in found.examples]


def choose(world: World, component: int, yes: bool = True) -> bool:
    return defining.show_example(world.context, ALICE, component, yes)


# --- criteria ---


def test_the_usual_words_hold_until_somebody_writes_others(world: World) -> None:
    found = defining.definitions_for(world.context, BOB)
    assert [one.label for one in found] == [1, 2, 3, 4]
    assert [one.text for one in found] == list(USUAL_TEXTS.values())
    assert {(one.usual, one.version, one.changed_by) for one in found} == {(True, 0, None)}


def test_what_an_admin_writes_is_what_everybody_reads_with_who_and_when(world: World) -> None:
    defining.describe(world.context, ALICE, 1, "  A ring.\r\nOr <b>two</b>.\n", 0)
    found = neuron(world, BOB)
    assert (found.text, found.usual) == ("A ring.\nOr <b>two</b>.", False)
    assert (found.changed_by, found.changed_at) == ("Alice", world.clock())
    assert defining.definition_for(world.context, BOB, 2).usual


def test_an_empty_text_and_the_usual_one_go_back_to_the_usual_words(world: World) -> None:
    for text in ("", " \n", neuron(world, BOB).text):
        defining.describe(world.context, ALICE, 1, "Other words", neuron(world, ALICE).version)
        defining.describe(world.context, ALICE, 1, text, neuron(world, ALICE).version)
        assert neuron(world, BOB).usual
    said = [(one.changed_by, one.text) for one in defining.history(world.context, ALICE)]
    assert said == [("Alice", ""), ("Alice", "Other words")] * 3


def test_nothing_is_kept_where_nothing_changes(world: World) -> None:
    defining.describe(world.context, ALICE, 1, USUAL_TEXTS[1], 0)
    assert defining.history(world.context, ALICE) == []


def test_who_read_an_older_text_is_told_of_the_newer_one(world: World) -> None:
    defining.describe(world.context, ALICE, 1, "Mine", 0)
    with pytest.raises(Conflict, match=r"changed by Alice at 09:00:00 UTC, after you read"):
        defining.describe(world.context, ALICE, 1, "Yours", 0)
    with pytest.raises(Conflict, match="nobody has changed them"):
        defining.describe(world.context, ALICE, 2, "Yours", 7)
    assert neuron(world, ALICE).text == "Mine"


def test_a_text_too_long_to_be_read_beside_a_mask_is_refused_in_numbers(world: World) -> None:
    defining.describe(world.context, ALICE, 1, "x" * LONGEST_TEXT, 0)
    with pytest.raises(InvalidInput, match="have 2,001 characters and may have 2,000"):
        defining.describe(world.context, ALICE, 2, "x" * (LONGEST_TEXT + 1), 0)


def test_two_admins_at_once_lose_nothing_silently(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = definitions.texts

    def read_and_wait(session: Session) -> dict[int, AnyRow]:
        found = read(session)
        # Long enough for all of them to read before one writes, if nothing keeps them apart.
        time.sleep(0.1)
        return found

    monkeypatch.setattr(definitions, "texts", read_and_wait)

    def write(number: int) -> str:
        try:
            defining.describe(world.context, ALICE, 1, f"text {number}", 0)
        except Conflict:
            return "told"
        return "kept"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(write, range(4))) == ["kept", "told", "told", "told"]
    assert len(defining.history(world.context, ALICE)) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda context: defining.describe(context, BOB, 1, "Mine", 0),
        lambda context: defining.show_example(context, BOB, 1, True),
        lambda context: defining.suggestions(context, BOB),
        lambda context: defining.history(context, BOB),
    ],
)
def test_only_admins_decide(world: World, act: Callable[..., object]) -> None:
    with pytest.raises(NotAllowed):
        act(world.context)


# --- examples ---


def test_a_labeler_sees_of_others_labels_only_what_they_have_answered(world: World) -> None:
    one = world.component(labeled_by=[ALICE, BOB])
    world.component(labeled_by=[ALICE, CAROL])
    assert shown(world, BOB) == [one]
    assert len(shown(world, ALICE)) == 2, "she answered both"


def test_what_somebody_is_still_asked_in_a_round_is_not_shown(world: World) -> None:
    key = world.component(labeled_by=[ALICE, BOB])
    world.train({key: (0.25, 0.25, 0.25, 0.25)})
    opened = rounds.open_round(world.context, ALICE, RoundPlan("entropy", 5))
    assert shown(world, BOB) == shown(world, ALICE) == []
    rounds.close_round(world.context, ALICE, opened.id)
    assert shown(world, BOB) == [key]


def test_agreement_of_many_comes_before_one_persons_label_and_disagreement_never(
    world: World,
) -> None:
    once = world.component(labeled_by=[BOB])
    twice = world.component(labeled_by=[ALICE, BOB])
    thrice = world.component(labeled_by=[ALICE, BOB, CAROL])
    split = world.component(labeled_by=[BOB])
    world.label(ALICE, split, 3)
    found = neuron(world, BOB).examples
    assert [(one.component, one.people) for one in found] == [(thrice, 3), (twice, 2), (once, 1)]


def test_a_files_labels_are_nobodys(world: World) -> None:
    key = world.component(imported=1)
    assert shown(world, ALICE) == []
    with pytest.raises(Conflict, match="no person has answered it"):
        choose(world, key)
    world.label(BOB, key, 1)
    assert neuron(world, BOB).examples[0].people == 1


def test_examples_are_of_as_many_recordings_as_possible(world: World) -> None:
    many = world.recording(9)
    others = [world.component() for _ in range(3)]
    for key in (*many, *others):
        world.label(BOB, key, 1)
    found = shown(world, BOB)
    assert len(found) == 6
    assert set(others) < set(found)


def test_of_single_labels_those_come_first_that_a_model_doubts_least(world: World) -> None:
    doubted, sure = world.recording(2)
    for key in (doubted, sure):
        world.label(BOB, key, 1)
    world.train({doubted: (0.1, 0.7, 0.1, 0.1), sure: (0.97, 0.01, 0.01, 0.01)})
    assert shown(world, BOB) == [sure, doubted]


def test_everybody_sees_what_an_admin_chose_first_of_all(world: World) -> None:
    chosen = world.component(labeled_by=[CAROL])
    world.component(labeled_by=[BOB, CAROL])
    assert choose(world, chosen)
    assert neuron(world, BOB).examples[0] == ExampleView(
        component=chosen,
        recording=world.state(chosen).recording_id,
        content_hash=neuron(world, BOB).examples[0].content_hash,
        people=1,
        chosen=True,
    )
    assert len(shown(world, BOB)) == 2
    assert not choose(world, chosen), "once is enough"
    assert choose(world, chosen, False)
    assert chosen not in shown(world, BOB)
    assert not defining.is_example(world.context, chosen)


def test_a_choice_made_twice_at_once_is_made_once(world: World) -> None:
    key = world.component(labeled_by=[CAROL])
    with ThreadPoolExecutor(4) as threads:
        changed = list(threads.map(lambda _: choose(world, key), range(4)))
    assert sorted(changed) == [False, False, False, True]


def test_a_chosen_one_is_shown_for_what_people_say_it_is_now(world: World) -> None:
    key = world.component(labeled_by=[CAROL])
    choose(world, key)
    last = world.label(CAROL, key, 3)
    assert (shown(world, BOB, 1), shown(world, BOB, 3)) == ([], [key])
    world.label(ALICE, key, 4)
    assert [shown(world, BOB, label) for label in (1, 3, 4)] == [[], [], []]
    world.undo(CAROL, last)
    assert shown(world, BOB, 1) == []


def test_nobody_is_asked_about_an_example(world: World) -> None:
    chosen, other = (world.component(labeled_by=[ALICE]) for _ in range(2))
    same = (0.25, 0.25, 0.25, 0.25)
    world.train({chosen: same, other: same})
    choose(world, chosen)
    work = world.work_for(BOB, "overlap", 5)
    assert [one.component for one in work] == [other]
    opened = rounds.open_round(world.context, ALICE, RoundPlan("entropy", 5))
    assert opened.size == 1
    choose(world, chosen, False)
    assert world.next_for(CAROL, "overlap") == chosen


def test_what_somebody_is_to_look_at_blind_cannot_become_an_example(world: World) -> None:
    leased = world.component(labeled_by=[ALICE])
    assert world.next_for(BOB, "overlap") == leased
    with pytest.raises(Conflict, match="Somebody has component 1 on screen"):
        choose(world, leased)
    world.clock.forward(hours=2)
    choose(world, leased)
    in_round = world.component(labeled_by=[ALICE])
    world.train({in_round: (0.25, 0.25, 0.25, 0.25)})
    rounds.open_round(world.context, ALICE, RoundPlan("entropy", 5))
    with pytest.raises(Conflict, match="in an open round"):
        choose(world, in_round)


def test_what_cannot_be_an_example_says_why(world: World) -> None:
    split = world.component(labeled_by=[BOB])
    world.label(CAROL, split, 2)
    with pytest.raises(Conflict, match="people disagree"):
        choose(world, split)
    for key in world.recording(6):
        world.label(BOB, key, 1)
        choose(world, key)
    with pytest.raises(Conflict, match="neuron has 6 chosen examples"):
        choose(world, world.component(labeled_by=[BOB]))
    with pytest.raises(NotFound):
        choose(world, 99)


def test_an_admin_is_offered_what_others_labeled(world: World) -> None:
    agreed = world.component(labeled_by=[BOB, CAROL], label=2)
    choose(world, world.component(labeled_by=[BOB, CAROL], label=2))
    offered = defining.suggestions(world.context, ALICE)
    assert {label: [one.component for one in each] for label, each in offered.items()} == {
        2: [agreed]
    }
