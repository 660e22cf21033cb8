"""Two training runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.actions import comparing, training
from app.actions.comparing import Comparison
from app.actions.training import RunView
from app.rendering import charts
from app.storage.components import Position
from app.web.access import Admin, World
from app.web.api import present
from app.web.pages.parts import Absent, OptionalKey
from app.web.pages.sprites import sprite_of
from app.web.templating import page

router = APIRouter()

TILES_A_PAGE = 60
RUNS_TO_CHOOSE = 100

Cursor = Annotated[
    Annotated[str, Field(max_length=200)] | None, Absent, Query(description="`next` of a page")
]


@dataclass(frozen=True)
class Measure:
    """A figure of both runs. kind: how it is written. higher_is_better: None where neither is."""

    name: str
    a: float | None
    b: float | None
    kind: str
    higher_is_better: bool | None

    @property
    def difference(self) -> float | None:
        """B minus A, where both have it."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def verdict(self) -> str:
        """`better` or `worse`, of B; empty where nothing is to be said."""
        if not self.difference or self.higher_is_better is None:
            return ""
        return "better" if (self.difference > 0) == self.higher_is_better else "worse"


MEASURES = (
    ("accuracy", "accuracy", "percent", True),
    ("balanced_accuracy", "balanced accuracy", "percent", True),
    ("macro_f1", "macro F1", "number", True),
    ("cross_entropy", "cross-entropy, nats", "number", False),
    ("calibration_error", "calibration error", "percent", False),
    ("train_seconds", "time to train", "seconds", None),
)
CLASS_MEASURES = ("precision", "recall", "f1")


@router.get("/runs/compare")
def compare_page(
    request: Request,
    context: World,
    account: Admin,
    a: OptionalKey = None,
    b: OptionalKey = None,
    cursor: Cursor = None,
) -> Response:
    """Metrics, curves, confusion, calibration, and the components on which they disagree."""
    choices = training.list_runs(context, None, RUNS_TO_CHOOSE)
    values: dict[str, Any] = {"here": "runs", "choices": choices, "a": a, "b": b}
    if a is None or b is None:
        return page(request, "compare.html", both=None, **values)
    both = comparing.compare(context, account, a, b)
    values |= {"both": both, "unusable": [run for run in (both.a, both.b) if not _done(run)]}
    values |= _charts(both) | _measures(both)
    if a != b and not values["unusable"]:
        after = present.decode_cursor(cursor)
        found, following = comparing.disagreements(context, account, (a, b), after, TILES_A_PAGE)
        values |= {
            "agreement": comparing.agreement(context, account, a, b),
            "disagreements": found,
            "sprite": sprite_of([(one.component, one.content_hash) for one in found]),
            "next_url": _next_url(a, b, following),
            "later": cursor is not None,
        }
    return page(request, "compare.html", **values)


def _done(run: RunView) -> bool:
    return run.state == "succeeded"


def _next_url(a: int, b: int, following: Position | None) -> str | None:
    if following is None:
        return None
    given = urlencode({"a": a, "b": b, "cursor": present.encode_cursor(following)})
    return f"/runs/compare?{given}#disagreements"


def _charts(both: Comparison) -> dict[str, Any]:
    """Learning curves on the same axes, and calibration plots; None where a run kept none."""
    folds = [_folds(run.metrics) for run in (both.a, both.b)]
    epochs, highest = charts.reach(folds)
    return {
        "curves": [charts.learning_curves(one, epochs, highest) for one in folds],
        "reliabilities": [reliability(run.metrics) for run in (both.a, both.b)],
    }


def _folds(metrics: dict[str, Any] | None) -> Sequence[dict[str, Any]]:
    folds = (metrics or {}).get("folds")
    return folds if isinstance(folds, list) else []


def reliability(metrics: dict[str, Any] | None) -> charts.Reliability | None:
    """The calibration plot of a run's metrics; None where it kept none."""
    known = metrics or {}
    after = known.get("reliability")
    before = (known.get("before_temperature") or {}).get("reliability")
    # Runs from before these tables were kept have neither.
    return charts.reliability(before, after) if before and after else None


def _measures(both: Comparison) -> dict[str, Any]:
    a, b = both.a.metrics or {}, both.b.metrics or {}
    classes_a, classes_b = a.get("classes") or {}, b.get("classes") or {}

    def of_class(code: str, name: str) -> Measure:
        one, other = classes_a.get(code) or {}, classes_b.get(code) or {}
        return Measure(name, one.get(name), other.get(name), "percent", True)

    return {
        "measures": [
            Measure(words, a.get(name), b.get(name), kind, up) for name, words, kind, up in MEASURES
        ],
        "class_measures": {
            int(code): [of_class(code, name) for name in CLASS_MEASURES]
            for code in sorted({*classes_a, *classes_b})
        },
    }
