"""When labels ask the database whether a refit is due."""

from datetime import timedelta

from app.actions.countdown import Countdown
from tests.support.world import START

LATER = START + timedelta(seconds=1)


def test_of_several_who_could_ask_one_does_until_it_has_its_answer() -> None:
    countdown = Countdown()
    assert [countdown.over(event, START) for event in (1, 2, 3)] == [True, False, False]
    countdown.restart(3)
    assert [countdown.over(event, START) for event in (2, 3)] == [False, True]


def test_nobody_asks_before_it_is_worth_it() -> None:
    countdown = Countdown()
    countdown.restart(1, LATER)
    assert not countdown.over(9, START)
    assert countdown.over(9, LATER)
