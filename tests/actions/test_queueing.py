import pytest

from app.actions import queueing, rounds
from app.actions.rounds import RoundPlan
from app.domain.errors import Conflict, InvalidInput, NotFound
from tests.support.world import ALICE, BOB, CAROL, World, probabilities_of


def test_what_a_person_answered_is_not_served_again(world: World) -> None:
    world.component(labeled_by=[ALICE])
    fresh = world.component()
    assert world.next_for(BOB) == fresh
    assert world.next_for(CAROL) is None


def test_what_only_a_file_labeled_is_served(world: World) -> None:
    imported = world.component(imported=3)
    assert world.next_for(BOB) == imported


def test_unlabeled_comes_in_the_order_of_import(world: World) -> None:
    keys = world.recording(4)
    assert [work.component for work in world.work_for(BOB, count=4)] == keys


def test_the_most_confusing_comes_first_and_what_no_model_has_seen_last(world: World) -> None:
    calm, unsure, sure = world.recording(3)
    world.train(
        {
            calm: probabilities_of(0.5),
            unsure: probabilities_of(1.3),
            sure: probabilities_of(0.1),
        }
    )
    new = world.component()
    work = world.work_for(ALICE, "entropy", 10)
    assert [one.component for one in work] == [unsure, calm, sure, new]
    assert [one.reason for one in work[::3]] == ["entropy 1.300 nats", "no prediction yet"]


def test_a_labeler_is_not_told_how_unsure_the_model_is(world: World) -> None:
    world.component(entropy=1.1)
    assert world.work_for(BOB, "entropy")[0].reason == "the model is least sure of these"


def test_before_any_model_entropy_serves_in_the_order_of_import(world: World) -> None:
    keys = world.recording(3)
    assert [work.component for work in world.work_for(BOB, "entropy", 3)] == keys


def test_the_most_process_like_comes_first(world: World) -> None:
    world.recording(6)
    cues = {state.component_id: state.cue_process for state in world.states()}
    served = [work.component for work in world.work_for(BOB, "process", 6)]
    assert served == sorted(cues, key=lambda key: -cues[key])


def test_random_serves_everything_once_in_another_order(world: World) -> None:
    keys = world.recording(20)
    served = [work.component for work in world.work_for(BOB, "random", 20)]
    assert sorted(served) == keys
    assert served != keys


def test_quality_serves_the_labels_most_likely_wrong(world: World) -> None:
    good, wrong, unlabeled = world.recording(3)
    world.label(ALICE, good, 1)
    world.label(ALICE, wrong, 1)
    world.train(
        {
            good: (0.9, 0.05, 0.03, 0.02),
            wrong: (0.02, 0.05, 0.9, 0.03),
            unlabeled: (0.25, 0.25, 0.25, 0.25),
        }
    )
    assert [work.component for work in world.work_for(BOB, "quality", 3)] == [wrong, good]


def test_overlap_asks_for_a_second_opinion_and_no_third(world: World) -> None:
    once, mine, twice, taken_back, _ = world.recording(5)
    for key in (once, twice, taken_back):
        world.label(ALICE, key, 1)
    for key in (mine, twice):
        world.label(BOB, key, 2)
    world.undo(BOB, world.label(BOB, taken_back, 3))
    served = [work.component for work in world.work_for(BOB, "overlap", 5)]
    assert sorted(served) == [once, taken_back]
    assert world.next_for(CAROL, "overlap") == mine, "the others are promised to Bob"
    world.label(BOB, once, 1)
    queueing.release_all(world.context, BOB)
    queueing.release_all(world.context, CAROL)
    assert {one.component for one in world.work_for(CAROL, "overlap", 5)} == {mine, taken_back}


def test_a_reloaded_page_is_not_asked_for_a_third_opinion(world: World) -> None:
    second, third = world.recording(2)
    for key in (second, third):
        world.label(ALICE, key, 1)
    assert len(world.work_for(BOB, "overlap", 2, holding=[])) == 2
    world.label(CAROL, third, 2)
    again = world.work_for(BOB, "overlap", 2, holding=[])
    assert [work.component for work in again] == [second]


def test_one_recording_is_served_where_it_is_asked_for(world: World) -> None:
    world.recording(3)
    wanted = world.recording(2)
    recording = world.state(wanted[0]).recording_id
    for strategy in ("unlabeled", "entropy", "process", "random"):
        served = world.work_for(BOB, strategy, 9, recording=recording)
        assert sorted(one.component for one in served) == wanted
        queueing.release_all(world.context, BOB)


def test_what_there_is_not_is_said(world: World) -> None:
    world.component()
    with pytest.raises(NotFound, match="recording 99"):
        world.next_for(BOB, recording=99)
    with pytest.raises(NotFound, match="round 99"):
        world.next_for(BOB, round=99)
    with pytest.raises(InvalidInput, match="luck"):
        world.next_for(BOB, "luck")


def test_a_closed_round_hands_out_no_more(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    opened = rounds.open_round(world.context, ALICE, RoundPlan("quality", 5))
    rounds.close_round(world.context, ALICE, opened.id)
    with pytest.raises(Conflict, match="closed"):
        world.next_for(BOB, round=opened.id)


@pytest.mark.parametrize("strategy", ["margin", "mutual_information", "dcal", "dal", "diverse"])
def test_each_order_of_a_run_serves_its_first_first_and_the_unjudged_last(
    world: World, strategy: str
) -> None:
    new = world.component()
    low, high = world.component(), world.component()
    world.train({low: probabilities_of(0.2), high: probabilities_of(1.2)})
    work = world.work_for(ALICE, strategy, 9)
    assert [one.component for one in work] == [high, low, new]
    assert work[2].reason == "not judged by this yet"
    world.clock.forward(minutes=16)
    for one in world.work_for(BOB, strategy, 2):
        assert not any(letter.isdigit() for letter in one.reason), "a labeler is told no number"
