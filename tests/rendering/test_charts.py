from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.rendering.charts import (
    LEFT,
    TOP,
    epoch_steps,
    learning_curves,
    nice_steps,
    reach,
    reliability,
)

FOLDS = [
    {"training_loss": [1.0, 0.5, 0.25], "validation_loss": [1.0, 0.6, 0.8], "best_epoch": 2},
    {"training_loss": [0.8, 0.3], "validation_loss": [0.8, 0.4], "best_epoch": 2},
]


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _, y in (one.partition(",") for one in line.split())]


@given(st.floats(1e-6, 1e6))
def test_steps_are_few_begin_at_zero_and_reach_the_highest(highest: float) -> None:
    steps = nice_steps(highest)
    assert steps[0] == 0
    assert steps[-1] >= highest * 0.998
    assert steps[-1] < highest + steps[1]
    assert 3 <= len(steps) <= 6


@given(st.integers(1, 5000))
def test_epochs_are_named_from_the_first_and_not_beyond_the_last(epochs: int) -> None:
    steps = epoch_steps(epochs)
    assert steps[0] == 1
    assert len(steps) == len(set(steps)) <= 7
    assert max(steps) <= epochs
    assert all(step == int(step) for step in steps)


def test_charts_side_by_side_share_their_axes() -> None:
    epochs, highest = reach([FOLDS[:1], FOLDS[1:]])
    assert (epochs, highest) == (3, 1.0)
    left, right = (learning_curves([fold], epochs, highest, (200, 100)) for fold in FOLDS)
    assert left is not None
    assert right is not None
    assert left.frame == right.frame
    assert points(left.training[0]) == [(LEFT, TOP), (LEFT + 100, TOP + 50), (LEFT + 200, TOP + 75)]
    assert points(right.training[0])[0] == (LEFT, TOP + 20)


def test_the_mean_goes_as_far_as_every_fold_and_the_best_epoch_lies_on_its_line() -> None:
    curves = learning_curves(FOLDS, 3, 1.0, (200, 100))
    assert curves is not None
    assert len(points(curves.held_out[0])) == 3
    assert points(curves.mean_held_out) == [(LEFT, TOP + 10), (LEFT + 100, TOP + 50)]
    assert list(curves.best) == [points(line)[1] for line in curves.held_out]


def test_a_run_of_one_epoch_and_one_that_kept_no_losses() -> None:
    curves = learning_curves(
        [{"training_loss": [1.0], "validation_loss": [1.0], "best_epoch": 1}], 1, 1.0
    )
    assert curves is not None
    assert curves.best == ((LEFT, TOP),)
    assert reach([[], [{}]]) == (1, 1.0)
    assert learning_curves([{}], 1, 1.0) is None
    assert learning_curves([], 1, 1.0) is None


def test_a_calibration_plot_puts_each_bin_in_its_place() -> None:
    empty: dict[str, Any] = {"count": 0, "confidence": None, "right": None}
    before = [empty, {"count": 4, "confidence": 0.5, "right": 0.25}]
    after = [{"count": 16, "confidence": 1.0, "right": 1.0}, empty]
    plot = reliability(before, after, (100, 100))
    (low,), (high,) = plot.before, plot.after
    assert (low.x, low.y, low.count) == (LEFT + 50, TOP + 75, 4)
    assert (high.x, high.y, high.right) == (LEFT + 100, TOP, 1.0)
    assert (low.radius, high.radius) == (5.0, 8.0), "the area goes with the count"
    assert plot.before_line == f"{LEFT + 50:g},85"


def test_a_calibration_plot_of_nothing_is_an_empty_frame() -> None:
    plot = reliability([], [{"count": 0, "confidence": None, "right": None}])
    assert (plot.before, plot.after, plot.after_line) == ((), (), "")
    assert [tick.text for tick in plot.frame.x_ticks] == ["0%", "25%", "50%", "75%", "100%"]
