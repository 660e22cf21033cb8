"""What a tuning's page draws and in which order."""

from typing import Any

from app.actions import tuning
from app.actions.tuning import TrialView
from app.web.pages.tuning import history_of, in_order, settings_of
from tests.support.world import ALICE, START, World


def trial(number: int, value: float | None = None, state: str = "complete") -> TrialView:
    rest: dict[str, Any] = {"config": {}, "intermediate": {}, "seconds": 1.0, "reason": None}
    return TrialView(
        number=number,
        state=state if value is not None or state != "complete" else "pruned",
        value=value,
        macro_f1=None,
        worker="here",
        started_at=START,
        finished_at=START,
        **rest,
    )


TRIALS = [trial(0, 0.8), trial(1), trial(2, 0.4), trial(3, 0.6), trial(4, state="running")]


def test_the_line_shows_the_best_value_up_to_each_trial() -> None:
    history = history_of(TRIALS)
    assert history is not None
    assert (history.lowest, history.highest) == (0.4, 0.8)
    assert (history.first, history.last) == (0, 4)
    # Down at trial 2, and no way up again at trial 3, to the side at trial 4.
    corners = ["0.00,0.00", "0.00,0.00", "50.00,0.00", "50.00,100.00"]
    corners += ["75.00,100.00", "75.00,100.00", "100.00,100.00"]
    assert history.line.split() == corners
    assert [(round(x), round(y), one.number) for x, y, one in history.dots] == [
        (0, 0, 0),
        (50, 100, 2),
        (75, 50, 3),
    ]


def test_a_few_bad_trials_do_not_press_the_line_flat() -> None:
    values = (0.6, 9.0, 0.5, 0.55, 0.58)
    history = history_of([trial(number, value) for number, value in enumerate(values)])
    assert history is not None
    assert (history.highest, history.above) == (0.6, True)
    assert [round(y) for _, y, _ in history.dots] == [0, 0, 100, 50, 20]


def test_the_columns_stand_in_the_order_of_the_space(world: World) -> None:
    tuning.request_study(world.context, ALICE)
    world.tried(1, {"kernel": 3, "learning_rate": 0.1, "batch_size": 32})
    world.tried(1, {"kernel": 3, "layers": 6, "made_up": 1})
    assert settings_of(tuning.get_study(world.context, 1))[:2] == ["kernel", "learning_rate"]
    space: dict[str, Any] = {"vgg_layers": {}, "kernel": {}, "batch_size": {}, "learning_rate": {}}
    tuning.settle_space(world.context, 1, space)
    found = settings_of(tuning.get_study(world.context, 1))
    assert found == ["layers", "kernel", "batch_size", "learning_rate", "made_up"]


def test_there_is_no_history_before_two_values() -> None:
    assert history_of([]) is None
    assert history_of([trial(0, 0.8), trial(1)]) is None


def test_equal_values_are_drawn_too() -> None:
    history = history_of([trial(0, 0.5), trial(1, 0.5)])
    assert history is not None
    assert [(x, y) for x, y, _ in history.dots] == [(0, 0), (100, 0)]


def test_the_best_come_first_and_those_without_a_value_last() -> None:
    assert [one.number for one in in_order(TRIALS, "value")] == [2, 3, 0, 4, 1]
    assert [one.number for one in in_order(TRIALS, "number")] == [4, 3, 2, 1, 0]
