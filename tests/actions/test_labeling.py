from uuid import uuid4

import pytest

from app.actions import labeling
from app.actions.labeling import Answer
from app.domain.errors import Conflict, NotAllowed, NotFound
from tests.support.world import ALICE, BOB, CAROL, START, World


def test_an_answer_is_in_the_log_with_all_that_was_said(world: World) -> None:
    key = world.component()
    answer = world.label(BOB, key, 2, seconds=1.5)
    (event,) = world.log()
    assert (event.uuid, event.component_id, event.labeler_id) == (answer, key, BOB.id)
    assert (event.kind, event.label, event.seconds, event.late) == ("label", 2, 1.5, False)
    assert event.created_at == START


def test_the_same_id_again_is_harmless(world: World) -> None:
    given = Answer(uuid4(), world.component(), 3)
    assert [world.post(BOB, given)[0].status for _ in range(3)] == ["saved", *["duplicate"] * 2]
    assert len(world.log()) == 1


def test_the_same_id_within_one_post_is_harmless(world: World) -> None:
    given = Answer(uuid4(), world.component(), 3)
    assert [receipt.status for receipt in world.post(BOB, given, given)] == ["saved", "duplicate"]
    assert len(world.log()) == 1


def test_an_id_is_not_used_for_something_else(world: World) -> None:
    first, second = world.recording(2)
    given = Answer(uuid4(), first, 3)
    world.post(BOB, given)
    skip = world.skip(BOB, second)
    for who, other in (
        (BOB, Answer(given.id, first, 4)),
        (BOB, Answer(given.id, second, 3)),
        (CAROL, given),
        (BOB, Answer(skip, second, 1)),
    ):
        receipt = world.post(who, other)[0]
        assert (receipt.status, receipt.detail) == (
            "refused",
            "This id was used for another answer. Make a new id for each.",
        )
    assert len(world.log()) == 2


def test_two_answers_with_one_id_in_one_post_are_not_mixed_up(world: World) -> None:
    key = world.component()
    same = uuid4()
    receipts = world.post(BOB, Answer(same, key, 1), Answer(same, key, 2))
    assert [receipt.status for receipt in receipts] == ["saved", "refused"]
    assert world.state(key).label == 1


def test_an_answer_about_nothing_harms_no_other(world: World) -> None:
    key = world.component()
    receipts = world.post(
        BOB,
        Answer(uuid4(), 999, 1),
        Answer(uuid4(), key, 2),
        Answer(uuid4(), key, 2, round=999),
    )
    assert [receipt.status for receipt in receipts] == ["refused", "saved", "refused"]
    assert receipts[0].detail == "There is no component 999."
    assert receipts[2].detail == f"Component {key} is not in round 999."
    assert len(world.log()) == 1


def test_the_last_of_several_answers_in_one_post_counts(world: World) -> None:
    key = world.component()
    world.post(BOB, *(Answer(uuid4(), key, label) for label in (1, 4, 2)))
    assert (world.state(key).label, world.state(key).people) == (2, 1)


def test_a_late_answer_is_kept_and_said(world: World) -> None:
    key = world.component()
    work = world.work_for(BOB)[0]
    world.clock.forward(minutes=15)
    receipt = world.post(BOB, Answer(uuid4(), key, 2, work.lease))[0]
    assert (receipt.status, receipt.late) == ("saved", True)
    assert receipt.detail == "The lease had ended; the answer was kept all the same."
    assert world.log()[0].late
    assert world.state(key).label == 2


def test_an_answer_is_late_when_the_component_went_to_somebody_else(world: World) -> None:
    key = world.component()
    mine = world.work_for(BOB)[0]
    world.clock.forward(minutes=15)
    theirs = world.work_for(CAROL)[0]
    assert world.post(BOB, Answer(uuid4(), key, 1, mine.lease))[0].late
    on_time = world.post(CAROL, Answer(uuid4(), key, 4, theirs.lease))[0]
    assert (on_time.status, on_time.late) == ("saved", False), "her lease was not taken from her"
    assert world.state(key).people == 2


def test_an_answer_without_a_lease_is_never_late(world: World) -> None:
    assert not world.post(BOB, Answer(uuid4(), world.component(), 1))[0].late


def test_people_decide_and_files_only_where_nobody_did(world: World) -> None:
    key = world.component(imported=1)
    assert (world.state(key).label, world.state(key).people) == (1, 0)
    answer = world.label(BOB, key, 3)
    assert (world.state(key).label, world.state(key).people) == (3, 1)
    world.undo(BOB, answer)
    assert (world.state(key).label, world.state(key).people) == (1, 0)


def test_consensus_is_the_majority_and_disagreement_is_noted(world: World) -> None:
    key = world.component(labeled_by=[ALICE, BOB], label=1)
    assert not world.state(key).disagreement
    world.label(CAROL, key, 4)
    state = world.state(key)
    assert (state.label, state.people, state.disagreement) == (1, 3, True)


def test_undo_uncovers_the_answer_before(world: World) -> None:
    key = world.component()
    world.label(BOB, key, 1)
    mistake = world.label(BOB, key, 2)
    world.undo(BOB, mistake)
    assert (world.state(key).label, world.state(key).people) == (1, 1)


def test_the_same_undo_again_is_harmless(world: World) -> None:
    key = world.component()
    answer, undo = world.label(BOB, key, 1), uuid4()
    for _ in range(2):
        assert labeling.undo(world.context, BOB, undo, answer) == key
    assert len(world.log()) == 2


def test_an_answer_is_taken_back_once(world: World) -> None:
    answer = world.label(BOB, world.component(), 1)
    world.undo(BOB, answer)
    with pytest.raises(Conflict, match="taken back already"):
        world.undo(BOB, answer)


def test_nobody_takes_back_what_somebody_else_said(world: World) -> None:
    answer = world.label(BOB, world.component(), 1)
    for who in (CAROL, ALICE):
        with pytest.raises(NotAllowed, match="Only the person"):
            world.undo(who, answer)


def test_a_files_label_is_not_taken_back(world: World) -> None:
    world.component(imported=2)
    with pytest.raises(NotAllowed):
        world.undo(ALICE, world.log()[0].uuid)


def test_an_undo_is_not_undone(world: World) -> None:
    undo = world.undo(BOB, world.label(BOB, world.component(), 1))
    with pytest.raises(Conflict, match="Give the answer again"):
        world.undo(BOB, undo)


def test_an_undo_has_an_id_of_its_own(world: World) -> None:
    key = world.component()
    first, second = world.label(BOB, key, 1), world.label(BOB, key, 2)
    for used in (first, second):
        with pytest.raises(Conflict, match="used for something else"):
            labeling.undo(world.context, BOB, used, second)
    with pytest.raises(NotFound):
        world.undo(BOB, uuid4())


def test_a_skip_with_the_same_id_is_harmless_but_no_other_use_of_it(world: World) -> None:
    first, second = world.recording(2)
    given = Answer(uuid4(), first, 0)
    said = [labeling.skip(world.context, BOB, given, "blurred").status for _ in range(2)]
    assert said == ["saved", "duplicate"]
    assert [(event.kind, event.reason) for event in world.log()] == [("skip", "blurred")]
    with pytest.raises(Conflict, match="used for something else"):
        labeling.skip(world.context, BOB, Answer(given.id, second, 0), None)
    with pytest.raises(NotFound):
        labeling.skip(world.context, BOB, Answer(uuid4(), 999, 0), None)
