"""Who holds which component, and for how long: what keeps two labelers out of each other's way."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions import queueing, rounds
from app.actions.queueing import Wanted
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from tests.support.world import ALICE, BOB, CAROL, World


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
