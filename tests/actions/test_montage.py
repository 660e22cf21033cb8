"""Pages of components that look like one class: who gets them, and what comes of them."""

from uuid import uuid4

import pytest

from app.actions import browsing, exporting, montage, rounds, selecting
from app.actions.labeling import Answer
from app.actions.montage import MontagePage, MontageWanted
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from app.domain.errors import InvalidInput, NotAllowed, NotFound
from tests.support.world import ALICE, BOB, CAROL, World


def opinion(label: int, sure: float) -> tuple[float, ...]:
    rest = (1 - sure) / 3
    return tuple(sure if code == label else rest for code in (1, 2, 3, 4))


def page_for(who: Account, world: World, label: int = 2, count: int = 10, **more) -> MontagePage:
    return montage.next_page(world.context, who, MontageWanted(label, count, **more))


def keys(page: MontagePage) -> list[int]:
    return [one.component for one in page.work]


def test_the_surest_of_the_class_come_first_and_the_unsure_not_at_all(world: World):
    a, b, c, d = world.recording(4)
    run = world.train(
        {a: opinion(2, 0.92), b: opinion(2, 0.99), c: opinion(2, 0.6), d: opinion(1, 0.99)}
    )
    page = page_for(BOB, world)
    assert keys(page) == [b, a]
    assert page.confidences == pytest.approx([0.99, 0.92])
    assert (page.above, page.threshold, page.run) == (2, montage.DEFAULT_CONFIDENCE, run)
    assert keys(page_for(CAROL, world, label=1)) == [d]


def test_of_a_selection_all_of_the_class_are_shown_however_sure(world: World):
    a, b, c, d = world.recording(4)
    world.train({a: opinion(2, 0.5), b: opinion(2, 0.99), c: opinion(2, 0.99), d: opinion(1, 0.99)})
    chosen = selecting.make(world.context, ALICE, [a, b, d]).id
    page = page_for(BOB, world, selection=chosen)
    assert keys(page) == [b, a]
    assert page.above == 2
    with pytest.raises(NotFound, match="selection 9"):
        page_for(BOB, world, selection=9)


def test_what_one_labelers_page_holds_nobody_else_gets(world: World):
    shown = world.recording(4)
    world.train({key: opinion(2, 0.95) for key in shown})
    first = keys(page_for(BOB, world, count=3))
    assert keys(page_for(CAROL, world)) == [key for key in shown if key not in first]
    assert world.work_for(ALICE, "unlabeled", 10) == []


def test_a_reloaded_page_gets_its_components_again(world: World):
    shown = world.recording(4)
    world.train({key: opinion(2, 0.95) for key in shown})
    first = keys(page_for(BOB, world, count=2, holding=[]))
    assert keys(page_for(BOB, world, count=2, holding=[])) == first
    assert set(keys(page_for(BOB, world, count=2, holding=first))).isdisjoint(first)


def test_what_somebody_has_answered_or_this_labeler_passed_on_is_not_shown(world: World):
    a, b, c = world.recording(3)
    world.train({key: opinion(2, 0.95) for key in (a, b, c)})
    world.label(ALICE, a, 3)
    world.skip(BOB, b)
    assert keys(page_for(BOB, world, holding=[])) == [c]
    assert keys(page_for(CAROL, world, holding=[])) == [b]


def test_before_any_run_the_most_process_like_are_shown_and_no_other_class(world: World):
    shown = world.recording(6)
    montage.set_threshold(world.context, ALICE, 0.3)
    cues = {state.component_id: state.cue_process for state in world.states()}
    likely = sorted((key for key in shown if cues[key] >= 0.3), key=lambda key: -cues[key])
    page = page_for(BOB, world)
    assert keys(page) == likely
    assert page.run is None
    assert keys(page_for(BOB, world, label=1)) == []


def test_one_recording_can_be_asked_for(world: World):
    first, second = world.recording(2), world.recording(2)
    world.train({key: opinion(2, 0.95) for key in (*first, *second)})
    recording = next(s.recording_id for s in world.states() if s.component_id == second[0])
    assert set(keys(page_for(BOB, world, recording=recording))) == set(second)
    with pytest.raises(NotFound):
        page_for(BOB, world, recording=999)


def test_each_answer_is_an_event_of_its_own_marked_with_its_page(world: World):
    shown = world.recording(2)
    world.train({key: opinion(2, 0.95) for key in shown})
    page = page_for(BOB, world)
    answers = [
        Answer(uuid4(), one.component, 2, lease=one.lease, seconds=0.5, montage=2)
        for one in page.work
    ]
    assert {one.status for one in world.post(BOB, *answers)} == {"saved"}
    told = list(exporting.label_history(world.context, BOB))
    assert [(one["component"], one["montage"], one["seconds"]) for one in told] == [
        (one.component, 2, 0.5) for one in page.work
    ]
    assert browsing.history(world.context, BOB, shown[0])[0].montage == 2
    world.undo(BOB, answers[0].id)
    assert keys(page_for(BOB, world, holding=[])) == [answers[0].component]


def test_only_an_admin_sets_the_threshold_and_it_is_kept(world: World):
    shown = world.recording(2)
    world.train({key: opinion(2, 0.7) for key in shown})
    assert keys(page_for(BOB, world)) == []
    with pytest.raises(NotAllowed):
        montage.set_threshold(world.context, BOB, 0.6)
    with pytest.raises(InvalidInput):
        montage.set_threshold(world.context, ALICE, 0.1)
    montage.set_threshold(world.context, ALICE, 0.6)
    assert set(keys(page_for(BOB, world))) == set(shown)


def test_the_outlook_counts_errors_among_blind_labels_only(world: World):
    right, wrong, seen, unlabeled = world.recording(4)
    world.label(ALICE, right, 2)
    world.label(ALICE, wrong, 3)
    world.label(ALICE, seen, 2, montage=36)
    world.train({key: opinion(2, 0.95) for key in (right, wrong, seen, unlabeled)})
    choices = dict(montage.outlook(world.context).choices)
    whole, _, processes, *_ = choices[0.9]
    assert (processes.judged, processes.wrong, processes.holds) == (2, 1, 1)
    assert (whole.judged, whole.wrong, whole.holds) == (2, 1, 1)
    assert processes.error == 0.5
    assert processes.low < 0.5 < processes.high
    assert choices[0.98][0].judged == 0


def test_before_any_run_the_outlook_is_of_the_cue_and_of_processes(world: World):
    world.recording(3)
    cues = sorted((state.cue_process, state.component_id) for state in world.states())
    low, wrong, right = (key for _, key in cues)
    world.label(ALICE, low, 2)
    world.label(ALICE, wrong, 3)
    world.label(ALICE, right, 2)
    montage.set_threshold(world.context, ALICE, 0.3)
    found = montage.outlook(world.context)
    assert (found.run, found.threshold) == (None, 0.3)
    for threshold, (whole, *each) in found.choices:
        judged = [key for cue, key in cues if cue >= threshold]
        assert [one.label for one in each] == [2]
        assert (whole.judged, whole.wrong) == (len(judged), int(wrong in judged))
        assert whole.holds == 0, "all are answered"


def test_what_an_open_round_is_to_see_blind_is_not_shown(world: World):
    inside, outside = world.recording(2, labels=[2, 0])
    world.train({key: opinion(2, 0.95) for key in (inside, outside)})
    opened = rounds.open_round(world.context, ALICE, RoundPlan("quality", 1)).id
    assert keys(page_for(BOB, world, holding=[])) == [outside]
    rounds.close_round(world.context, ALICE, opened)
    assert set(keys(page_for(BOB, world, holding=[]))) == {inside, outside}
