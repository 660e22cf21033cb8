"""Charts as coordinates: numbers in, places in an SVG out. `templates/charts.html` draws them.

Text colours, strokes and themes are the style sheet's; here is geometry only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10, sqrt
from typing import Any

LEFT, TOP = 56.0, 10.0
"""Where the plots begin, in SVG units; axis labels stand left of and below them."""

Fold = Mapping[str, Any]
Table = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Tick:
    """A labeled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Frame:
    """The plot's box in SVG units, and its ticks."""

    left: float
    top: float
    width: float
    height: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class Curves:
    """Losses by epoch. Lines are points as SVG's polyline has them.

    training, held_out: a line a fold. mean_*: over the folds, as far as all of them went. best:
    where each fold's kept epoch lies on its held-out line.
    """

    frame: Frame
    training: tuple[str, ...]
    held_out: tuple[str, ...]
    mean_training: str
    mean_held_out: str
    best: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Spot:
    """A bin of a calibration plot: its place, its size, and what it says."""

    x: float
    y: float
    radius: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Reliability:
    """Confidence against the share that is right, before and after calibration."""

    frame: Frame
    before: tuple[Spot, ...]
    after: tuple[Spot, ...]
    before_line: str
    after_line: str


def reach(runs: Sequence[Sequence[Fold]]) -> tuple[int, float]:
    """How many epochs, and how high a loss, charts of these runs' folds must show.

    Charts that stand side by side share both, or they could not be compared.
    """
    lines = [fold[name] for folds in runs for fold in folds for name in _LOSSES if fold.get(name)]
    losses = [loss for line in lines for loss in line if isfinite(loss)]
    return max((len(line) for line in lines), default=1), max(losses, default=1.0)


def learning_curves(
    folds: Sequence[Fold], epochs: int, highest: float, size: tuple[float, float] = (440.0, 230.0)
) -> Curves | None:
    """The losses of a run's folds, or None where it kept none.

    folds: each with `training_loss`, `validation_loss` (a number an epoch) and `best_epoch`.
    epochs, highest: from `reach`.
    """
    kept = [fold for fold in folds if all(fold.get(name) for name in _LOSSES)]
    if not kept:
        return None
    y_steps = nice_steps(highest)
    # With one epoch there is no line to draw, but a place for it.
    x_range, y_range = (1.0, float(max(epochs, 2))), (0.0, y_steps[-1])
    frame = _frame(size, x_range, y_range, epoch_steps(epochs), y_steps)

    def line(losses: Sequence[float]) -> str:
        return _line(
            (_along(frame, x_range, epoch), _up(frame, y_range, loss))
            for epoch, loss in enumerate(losses, start=1)
        )

    training, held_out = ([fold[name] for fold in kept] for name in _LOSSES)
    return Curves(
        frame,
        training=tuple(line(losses) for losses in training),
        held_out=tuple(line(losses) for losses in held_out),
        mean_training=line(_mean(training)),
        mean_held_out=line(_mean(held_out)),
        best=tuple(
            (
                _along(frame, x_range, fold["best_epoch"]),
                _up(frame, y_range, fold["validation_loss"][fold["best_epoch"] - 1]),
            )
            for fold in kept
            if 1 <= (fold.get("best_epoch") or 0) <= len(fold["validation_loss"])
        ),
    )


def reliability(
    before: Table, after: Table, size: tuple[float, float] = (300.0, 260.0)
) -> Reliability:
    """A calibration plot from two tables of bins: `count`, `confidence`, `right`.

    A spot's area goes with its bin's components; the fullest bin of both has the largest.
    """
    unit, steps = (0.0, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0)
    frame = _frame(size, unit, unit, steps, steps, percent=True)
    fullest = max((row["count"] for row in [*before, *after]), default=0)

    def spots(table: Table) -> tuple[Spot, ...]:
        return tuple(
            Spot(
                _along(frame, unit, row["confidence"]),
                _up(frame, unit, row["right"]),
                round(2.0 + 6.0 * sqrt(row["count"] / fullest), 1),
                row["count"],
                row["confidence"],
                row["right"],
            )
            for row in table
            if row["count"]
        )

    drawn = spots(before), spots(after)
    return Reliability(frame, *drawn, *(_line((one.x, one.y) for one in some) for some in drawn))


def nice_steps(highest: float) -> tuple[float, ...]:
    """Three to six round numbers from 0 to one that is not below `highest`."""
    rough = max(highest, 1e-9) / 4
    magnitude = 10.0 ** floor(log10(rough))
    step = next(magnitude * by for by in (1, 2, 2.5, 5, 10) if magnitude * by >= rough * 0.999)
    return tuple(round(step * number, 10) for number in range(ceil(highest / step - 1e-9) + 1))


def epoch_steps(epochs: int) -> tuple[float, ...]:
    """Whole epochs to name on the axis: the first and some round ones."""
    step = max(1, round(nice_steps(epochs)[1]))
    return (1.0, *(float(epoch) for epoch in range(step, epochs + 1, step) if epoch > 1))


_LOSSES = ("training_loss", "validation_loss")


def _frame(
    size: tuple[float, float],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    x_steps: Sequence[float],
    y_steps: Sequence[float],
    *,
    percent: bool = False,
) -> Frame:
    box = Frame(LEFT, TOP, size[0], size[1], (), ())

    def text(value: float) -> str:
        return f"{value:.0%}" if percent else f"{value:g}"

    return Frame(
        box.left,
        box.top,
        box.width,
        box.height,
        tuple(Tick(_along(box, x_range, step), text(step)) for step in x_steps),
        tuple(Tick(_up(box, y_range, step), text(step)) for step in y_steps),
    )


def _along(frame: Frame, x_range: tuple[float, float], value: float) -> float:
    low, high = x_range
    return round(frame.left + frame.width * (value - low) / (high - low), 1)


def _up(frame: Frame, y_range: tuple[float, float], value: float) -> float:
    """SVG's y goes down; what does not fit stops at the edge."""
    low, high = y_range
    share = (value - low) / (high - low) if isfinite(value) else 1.0
    return round(frame.bottom - frame.height * min(max(share, 0.0), 1.0), 1)


def _line(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _mean(lines: Sequence[Sequence[float]]) -> list[float]:
    # Beyond the shortest, the mean would jump as folds drop out.
    return [sum(at_epoch) / len(lines) for at_epoch in zip(*lines, strict=False)]
