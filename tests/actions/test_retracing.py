from uuid import UUID

import pytest

from app.actions import retracing, rounds
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from app.domain.errors import NotFound
from tests.support.world import ALICE, BOB, CAROL, World


def steps(world: World, who: Account, round_id: int | None = None) -> list[UUID]:
    return [one.id for one in retracing.own_steps(world.context, who, round_id, None, 50)]


def test_ones_own_answers_and_skips_newest_first(world: World) -> None:
    first, second, third = world.recording(3)
    mine = [world.label(BOB, first, 1), world.skip(BOB, second), world.label(BOB, third, 2)]
    world.label(CAROL, first, 4)
    assert steps(world, BOB) == mine[::-1]
    found = retracing.own_steps(world.context, BOB, None, None, 2)
    assert [(one.component, one.kind) for one in found] == [(third, "label"), (second, "skip")]
    assert all(one.content_hash and one.recording for one in found)


def test_what_was_taken_back_is_no_step(world: World) -> None:
    first, second = world.recording(2)
    stands, undone = world.label(BOB, first, 1), world.label(BOB, second, 2)
    world.undo(BOB, undone)
    assert steps(world, BOB) == [stands]


def test_a_page_goes_on_where_the_one_before_ended(world: World) -> None:
    given = [world.label(BOB, key, 1) for key in world.recording(5)]
    found: list[UUID] = []
    before = None
    while page := retracing.own_steps(world.context, BOB, None, before, 2):
        found += [one.id for one in page]
        before = page[-1].event
    assert found == given[::-1]


def test_a_rounds_steps_stay_in_it(world: World) -> None:
    key = world.component(labeled_by=[ALICE], label=1)
    outside = steps(world, ALICE)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    opened = rounds.open_round(world.context, ALICE, RoundPlan("quality", 1)).id
    inside = world.label(ALICE, key, 2, round=opened)
    assert steps(world, ALICE) == outside
    assert steps(world, ALICE, opened) == [inside]
    with pytest.raises(NotFound):
        steps(world, ALICE, 99)
