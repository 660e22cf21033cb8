from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions import queueing, rounds
from app.actions.queueing import Wanted
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
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


# --- leases ---


def test_a_component_is_promised_to_one_labeler_at_a_time(world: World) -> None:
    first, second = world.recording(2)
    assert world.next_for(ALICE) == first
    assert world.next_for(BOB) == second
    assert world.next_for(CAROL) is None


def test_a_lease_comes_back_when_its_time_is_over(world: World) -> None:
    key = world.component()
    lease = world.work_for(ALICE)[0]
    world.clock.forward(minutes=14)
    assert world.next_for(BOB) is None
    world.clock.forward(minutes=1)
    assert lease.expires_at == world.clock()
    assert world.next_for(BOB) == key


def test_a_program_is_never_handed_the_same_twice(world: World) -> None:
    first, second = world.recording(2)
    assert [world.next_for(BOB), world.next_for(BOB), world.next_for(BOB)] == [first, second, None]


def test_a_page_that_was_reloaded_gets_back_what_it_had(world: World) -> None:
    world.recording(3)
    before = world.work_for(BOB, count=2)
    after = world.work_for(BOB, count=2, holding=[])
    assert [(one.component, one.lease) for one in after] == [
        (one.component, one.lease) for one in before
    ]


def test_what_a_page_holds_is_renewed_and_not_handed_out_again(world: World) -> None:
    first, second = world.recording(2)
    assert world.next_for(BOB) == first
    world.clock.forward(minutes=14)
    assert world.next_for(BOB, holding=[first]) == second
    world.clock.forward(minutes=14)
    assert world.next_for(ALICE) is None, "the first lease now runs as long as the second"


def test_what_comes_back_to_a_page_is_of_the_recording_it_asks_for(world: World) -> None:
    elsewhere = world.component()
    here = world.component()
    assert world.next_for(BOB) == elsewhere
    recording = world.state(here).recording_id
    assert world.next_for(BOB, recording=recording, holding=[]) == here


def test_what_somebody_answered_meanwhile_does_not_come_back_to_a_page(world: World) -> None:
    first, second = world.recording(2)
    assert world.next_for(BOB) == first
    world.label(ALICE, first, 2)
    assert world.next_for(BOB, holding=[]) == second


def test_what_comes_back_to_a_page_says_why_as_before(world: World) -> None:
    key = world.component(entropy=1.1)
    before = world.work_for(ALICE, "entropy")[0]
    again = world.work_for(ALICE, "entropy", holding=[])[0]
    assert again.component == key
    assert again.reason == before.reason == "entropy 1.100 nats"


def test_leases_of_one_strategy_do_not_come_back_under_another(world: World) -> None:
    first, second = world.recording(2)
    assert world.next_for(BOB, "unlabeled") == first
    assert world.next_for(BOB, "entropy", holding=[]) == second


def test_nobody_renews_what_is_somebody_elses(world: World) -> None:
    key = world.component()
    assert world.next_for(BOB) == key
    world.clock.forward(minutes=10)
    world.work_for(CAROL, holding=[key])
    world.clock.forward(minutes=5)
    assert world.next_for(CAROL) == key, "Bob's lease ended when it would have ended anyway"


def test_two_labelers_share_a_small_recording(world: World) -> None:
    """As two desks do: 24 ahead where they may, asking again when about half of it is answered."""
    keys = world.recording(30)
    other = world.recording(3)
    recording = world.state(keys[0]).recording_id
    pages: dict[int, list[int]] = {ALICE.id: [], BOB.id: []}

    def fill(who: Account) -> int:
        page = pages[who.id]
        work = world.work_for(who, count=24 - len(page), recording=recording, holding=page)
        page += [one.component for one in work]
        return len(work)

    assert (fill(ALICE), fill(BOB)) == (15, 10)
    done: dict[int, list[int]] = {ALICE.id: [], BOB.id: []}
    while any(pages.values()):
        for who in (ALICE, BOB):
            page = pages[who.id]
            if page:
                done[who.id].append(page.pop(0))
                world.label(who, done[who.id][-1], 1)
            if len(page) < 4:
                fill(who)
    assert sorted(done[ALICE.id] + done[BOB.id]) == keys
    assert abs(len(done[ALICE.id]) - len(done[BOB.id])) <= 1
    assert world.next_for(CAROL) == other[0]


@pytest.mark.parametrize(
    ("left", "count"), [(3, 3), (6, 6), (11, 6), (20, 10), (47, 23), (48, 24), (60, 24)]
)
def test_a_page_leaves_as_much_as_it_takes_but_has_a_few_however_little_is_left(
    world: World, left: int, count: int
) -> None:
    world.recording(left)
    assert len(world.work_for(BOB, count=24, holding=[])) == count


def test_a_page_is_not_told_that_nothing_is_left_while_something_is(world: World) -> None:
    keys = world.recording(9)
    page = [one.component for one in world.work_for(BOB, count=24, holding=[])]
    assert page == keys[:6]
    for left in (2, 1, 0):
        page += [one.component for one in world.work_for(BOB, count=24, holding=page)]
        assert len(page) == 9 - left
    assert world.work_for(BOB, count=24, holding=page) == []


def test_another_tab_has_a_few_ahead_too(world: World) -> None:
    world.recording(16)
    first = [one.component for one in world.work_for(BOB, count=24, holding=[], ahead=0)]
    second = world.work_for(BOB, count=24, holding=first, ahead=0)
    assert (len(first), len(second)) == (8, 6)


def test_a_round_is_shared_like_a_recording(world: World) -> None:
    keys = world.recording(20)
    for key in keys:
        world.label(CAROL, key, 1)
    world.train(dict.fromkeys(keys, (0.1, 0.7, 0.1, 0.1)))
    opened = rounds.open_round(world.context, ALICE, RoundPlan("quality", 20))
    sizes = [
        len(world.work_for(who, count=24, round=opened.id, holding=[])) for who in (ALICE, BOB)
    ]
    assert sizes == [10, 6]


def test_an_answer_ends_the_lease(world: World) -> None:
    key = world.component()
    work = world.work_for(BOB)[0]
    answer = world.label(BOB, key, 1, lease=work.lease)
    world.undo(BOB, answer)
    assert world.next_for(CAROL) == key


def test_signing_out_gives_everything_back(world: World) -> None:
    keys = world.recording(3)
    world.work_for(BOB, count=3)
    queueing.release_all(world.context, BOB)
    assert [one.component for one in world.work_for(CAROL, count=3)] == keys


def test_a_skip_passes_the_component_to_others_and_never_back(world: World) -> None:
    key = world.component()
    assert world.next_for(BOB) == key
    skip = world.skip(BOB, key)
    assert world.next_for(BOB) is None
    assert world.next_for(CAROL) == key
    queueing.release_all(world.context, CAROL)
    world.undo(BOB, skip)
    assert world.next_for(BOB) == key, "a skip can be taken back"


moves = st.lists(
    st.one_of(
        st.tuples(st.just("next"), st.sampled_from([ALICE, BOB, CAROL]), st.integers(1, 3)),
        st.tuples(st.just("reload"), st.sampled_from([ALICE, BOB]), st.integers(1, 3)),
        st.tuples(st.just("answer"), st.sampled_from([ALICE, BOB, CAROL])),
        st.tuples(st.just("skip"), st.sampled_from([ALICE, BOB])),
        st.tuples(st.just("wait"), st.sampled_from([4, 16])),
    ),
    max_size=25,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves)
def test_never_two_people_under_one_lease_in_any_interleaving(world: World, moves) -> None:
    recording = world.state(world.recording(4)[0]).recording_id
    live: dict[int, tuple[int, datetime]] = {}  # by component: who, until when
    hands: dict[int, list] = {who.id: [] for who in (ALICE, BOB, CAROL)}
    for kind, *rest in moves:
        if kind == "wait":
            world.clock.forward(minutes=rest[0])
            live = {key: one for key, one in live.items() if one[1] > world.clock()}
            continue
        who = rest[0]
        if kind in ("next", "reload"):
            wanted = Wanted(
                "unlabeled", rest[1], recording, holding=[] if kind == "reload" else None
            )
            for work in queueing.next_components(world.context, who, wanted)[0]:
                holder = live.get(work.component)
                assert holder is None or (kind == "reload" and holder[0] == who.id)
                live[work.component] = (who.id, work.expires_at)
                hands[who.id].append(work)
        elif hands[who.id]:
            work = hands[who.id].pop()
            if kind == "answer":
                world.label(who, work.component, 1, lease=work.lease)
            else:
                world.skip(who, work.component)
            if live.get(work.component, (None,))[0] == who.id:
                del live[work.component]
    for who in (ALICE, BOB, CAROL):
        queueing.release_all(world.context, who)


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
