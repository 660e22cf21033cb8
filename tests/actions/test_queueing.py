import pytest

from app.actions import queueing
from app.actions.queueing import Wanted
from app.domain.errors import Conflict, InvalidInput, NotBuiltYet, NotFound
from tests.support.world import ALICE, BOB, CAROL, World


def test_what_a_person_answered_is_not_served_as_unlabeled_again(world: World) -> None:
    answered = world.component(labeled_by=[ALICE])
    fresh = world.component()
    assert world.next_for(BOB) == fresh
    assert world.state(answered).people == 1
