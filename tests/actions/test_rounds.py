import math
from uuid import uuid4

import pytest

from app.actions import promoting, queueing, rounds
from app.actions.labeling import Answer
from app.actions.queueing import Wanted
from app.actions.rounds import RoundPlan, RoundView
from app.domain.errors import Conflict, NoModel, NotAllowed, NotFound
from tests.support.world import ALICE, BOB, CAROL, World, probabilities_of


def opened(world: World, order: rounds.Order = "quality", size: int = 10, **more) -> RoundView:
    return rounds.open_round(world.context, ALICE, RoundPlan(order, size, **more))


def outcome(world: World, it: RoundView) -> RoundView:
    return rounds.get_round(world.context, it.id)


def labeled(world: World, *labels: int) -> list[int]:
    """Components of a recording that Alice labeled so."""
    keys = world.recording(len(labels))
    for key, label in zip(keys, labels, strict=True):
        world.label(ALICE, key, label)
    return keys


def test_there_is_no_round_before_a_model(world: World) -> None:
    labeled(world, 1)
    with pytest.raises(NoModel):
        opened(world)


def test_only_admins_open_and_close(world: World) -> None:
    with pytest.raises(NotAllowed):
        rounds.open_round(world.context, BOB, RoundPlan("quality", 1))
    with pytest.raises(NotAllowed):
        rounds.close_round(world.context, BOB, 1)


def test_a_round_holds_the_labeled_most_confusing_first(world: World) -> None:
    good, wrong, worse = labeled(world, 1, 2, 1)
    unlabeled = world.component()
    world.train(
        {
            good: (0.9, 0.05, 0.03, 0.02),
            wrong: (0.6, 0.2, 0.1, 0.1),
            worse: (0.01, 0.01, 0.97, 0.01),
            unlabeled: (0.25, 0.25, 0.25, 0.25),
        }
    )
    by_quality, by_entropy = opened(world), opened(world, "entropy")
    assert (by_quality.size, by_quality.done, by_quality.state) == (3, 0, "open")
    assert by_quality.agreement_before is by_quality.cross_entropy_after is None
    served = world.work_for(BOB, count=9, round=by_quality.id)
    assert [one.component for one in served] == [worse, wrong, good]
    assert {one.reason for one in served} == {"in this relabeling round"}, "and nothing is told"
    world.clock.forward(minutes=15)
    served = world.work_for(BOB, count=9, round=by_entropy.id)
    assert [one.component for one in served] == [wrong, good, worse]


def test_only_labels_that_the_newest_run_judged_are_looked_at_again(world: World) -> None:
    old, relabeled, fresh = labeled(world, 1, 1, 1)
    world.train({old: (0.1, 0.7, 0.1, 0.1)})
    newest = world.train({relabeled: (0.1, 0.7, 0.1, 0.1), fresh: (0.1, 0.7, 0.1, 0.1)})
    world.label(BOB, relabeled, 2)
    it = opened(world)
    assert (it.size, it.run) == (1, newest)
    assert world.next_for(BOB, round=it.id) == fresh


def test_the_worst_of_one_recording(world: World) -> None:
    first, second = labeled(world, 1, 1), labeled(world, 1, 1)
    world.train(dict.fromkeys([*first, *second], (0.1, 0.7, 0.1, 0.1)))
    it = opened(world, size=1, recording=world.state(first[0]).recording_id)
    assert it.size == 1
    assert world.next_for(BOB, round=it.id) in first
    with pytest.raises(NotFound):
        opened(world, recording=99)


def test_a_round_over_nothing_is_refused(world: World) -> None:
    world.train({world.component(): (0.25, 0.25, 0.25, 0.25)})
    with pytest.raises(Conflict, match="Train again"):
        opened(world)


def test_the_numbers_of_a_round(world: World) -> None:
    # Labels 1 1 2 3; the run says 1 2 2 1. Kept, changed as the run says, kept, changed.
    keys = labeled(world, 1, 1, 2, 3)
    says = [(0.7, 0.1, 0.1, 0.1), (0.1, 0.7, 0.1, 0.1), (0.1, 0.7, 0.1, 0.1), (0.7, 0.1, 0.1, 0.1)]
    world.train(dict(zip(keys, says, strict=True)))
    it = opened(world)
    for key, label in zip(keys, (1, 2, 2, 4), strict=True):
        world.label(BOB, key, label, round=it.id)
    seen = outcome(world, it)
    assert (seen.done, seen.kept, seen.changed) == (4, 2, 2)
    assert seen.moves == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    likely, unlikely = -math.log(0.7), -math.log(0.1)
    assert seen.cross_entropy_before == pytest.approx((2 * likely + 2 * unlikely) / 4)
    assert seen.cross_entropy_after == pytest.approx((3 * likely + unlikely) / 4)
    # Before: 2 of 4 agree; by chance (2*2 + 1*2) / 16. After: 3 of 4; (1*2 + 2*2) / 16.
    assert seen.agreement_before == pytest.approx((2 / 4 - 6 / 16) / (1 - 6 / 16))
    assert seen.agreement_after == pytest.approx((3 / 4 - 6 / 16) / (1 - 6 / 16))


def test_the_answer_is_blind_and_then_revealed(world: World) -> None:
    (key,) = labeled(world, 1)
    run = world.train({key: (0.1, 0.7, 0.1, 0.1)})
    it = opened(world)
    work = world.work_for(BOB, round=it.id)[0]
    blind = Answer(uuid4(), key, 3, work.lease, it.id)
    for status in ("saved", "duplicate"):
        receipt = world.post(BOB, blind)[0]
        assert (receipt.status, receipt.late) == (status, False)
        assert receipt.reveal is not None
        assert receipt.reveal.label_before == 1
        assert receipt.reveal.given_by == ("Alice",)
        assert receipt.reveal.prediction is not None
        assert (receipt.reveal.prediction.run, receipt.reveal.prediction.predicted) == (run, 2)


def test_of_a_blind_answer_and_the_second_look_the_second_counts(world: World) -> None:
    kept, changed = labeled(world, 1, 1)
    world.train({kept: (0.1, 0.7, 0.1, 0.1), changed: (0.1, 0.7, 0.1, 0.1)})
    it = opened(world)
    world.label(BOB, kept, 3, round=it.id)
    world.label(BOB, kept, 1, round=it.id)
    world.label(BOB, changed, 3, round=it.id)
    world.label(BOB, changed, 2, round=it.id)
    seen = outcome(world, it)
    assert (seen.done, seen.kept, seen.changed) == (2, 1, 1)
    assert seen.moves[0] == [1, 1, 0, 0]
    assert [event.label for event in world.log()][2:] == [3, 1, 3, 2], "both answers are kept"


def test_undo_within_a_round_brings_the_component_back(world: World) -> None:
    first, second = labeled(world, 1, 1)
    world.train({first: (0.01, 0.97, 0.01, 0.01), second: (0.1, 0.7, 0.1, 0.1)})
    it = opened(world)
    assert world.next_for(BOB, round=it.id) == first
    blind = world.label(BOB, first, 3, round=it.id)
    look = world.label(BOB, first, 1, round=it.id)
    world.undo(BOB, look)
    assert outcome(world, it).moves[0] == [0, 0, 1, 0], "the blind answer stands again"
    assert world.next_for(BOB, round=it.id) == second
    world.undo(BOB, blind)
    assert outcome(world, it).done == 0
    assert world.next_for(BOB, round=it.id) == first


def test_a_round_is_shared_out_and_says_what_is_left(world: World) -> None:
    keys = labeled(world, 1, 1, 1)
    world.train(dict.fromkeys(keys, (0.1, 0.7, 0.1, 0.1)))
    it = opened(world)
    theirs = {world.next_for(who, round=it.id): who for who in (ALICE, BOB, CAROL)}
    assert sorted(key for key in theirs if key) == keys
    world.label(BOB, keys[0], 1, round=it.id)
    wanted = Wanted("quality", 1, round=it.id)
    assert queueing.next_components(world.context, CAROL, wanted) == ([], 2)


def test_a_skip_in_a_round_leaves_it_to_others(world: World) -> None:
    (key,) = labeled(world, 1)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    it = opened(world)
    assert world.next_for(BOB, round=it.id) == key
    world.skip(BOB, key, round=it.id)
    assert world.next_for(BOB, round=it.id) is None
    assert world.next_for(CAROL, round=it.id) == key
    assert outcome(world, it).done == 0


def test_an_answer_after_the_round_was_closed_is_kept(world: World) -> None:
    (key,) = labeled(world, 1)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    it = opened(world)
    work = world.work_for(BOB, round=it.id)[0]
    closed = rounds.close_round(world.context, ALICE, it.id)
    assert closed.state == "closed"
    world.label(BOB, key, 2, lease=work.lease, round=it.id)
    assert outcome(world, it).changed == 1


def test_an_answer_about_what_is_not_in_the_round_is_refused(world: World) -> None:
    (key,) = labeled(world, 1)
    other = world.component()
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    receipt = world.post(BOB, Answer(uuid4(), other, 1, round=opened(world).id))[0]
    assert receipt.status == "refused"
    assert world.state(other).people == 0


def test_rounds_are_listed_newest_first(world: World) -> None:
    (key,) = labeled(world, 1)
    world.train({key: probabilities_of(1.0)})
    first, second = opened(world), opened(world, "entropy", title="Second look")
    listed = rounds.list_rounds(world.context, None, 10)
    assert [one.id for one in listed] == [second.id, first.id]
    assert (listed[0].title, listed[0].created_by) == ("Second look", "Alice")
    assert listed[1].title == f"1 with the worst label quality, run {first.run}"
    assert rounds.list_rounds(world.context, second.id, 10) == [listed[1]]
    assert promoting.serving_run(world.context) == first.run


def test_a_round_of_the_labels_that_are_most_likely_wrong(world: World) -> None:
    first, second, third = labeled(world, 1, 2, 1)
    world.train(dict.fromkeys((first, second, third), (0.6, 0.3, 0.05, 0.05)))
    it = opened(world, "wrong")
    assert it.title == f"3 with the highest chance of a wrong label, run {it.run}"
    served = world.work_for(BOB, count=9, round=it.id)
    assert [one.component for one in served] == [second, third, first]


def test_who_answered_in_a_montage_does_not_count_for_agreement(world: World) -> None:
    blind, other, seen = labeled(world, 1, 2, 1)
    world.label(CAROL, seen, 1, montage=36)
    says_neuron, says_process = (0.7, 0.1, 0.1, 0.1), (0.1, 0.7, 0.1, 0.1)
    world.train({blind: says_neuron, other: says_process, seen: says_process})
    it = opened(world)
    for key, label in ((blind, 1), (other, 2), (seen, 1)):
        world.label(BOB, key, label, round=it.id)
    found = outcome(world, it)
    assert (found.done, found.agreement_after) == (3, 1.0), "the model was wrong about `seen` alone"
