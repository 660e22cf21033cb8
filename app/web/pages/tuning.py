"""Tuning: starting, watching, cancelling, and training with what it found. For admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response

from app.actions import tuning
from app.actions.context import Context
from app.actions.tuning import DEFAULT_MINUTES, StudyView, TrialView
from app.domain.errors import Conflict
from app.domain.trials import TrialState
from app.web.access import Admin, World
from app.web.pages.parts import Key, OptionalKey, to
from app.web.templating import page

router = APIRouter()

STUDIES_A_PAGE = 50
LIVE = ("queued", "running")

Sort = Annotated[Literal["value", "number"], Query()]


@router.get("/tuning")
def tunings_page(
    request: Request, context: World, account: Admin, before: OptionalKey = None
) -> Response:
    """All tunings, and the form that starts one."""
    return _tunings(request, context, before=before)


@router.post("/tuning")
def start(
    request: Request,
    context: World,
    account: Admin,
    minutes: Annotated[float, Form(ge=1, le=10_080, allow_inf_nan=False)],
) -> Response:
    """Start one and show it."""
    try:
        study = tuning.request_study(context, account, minutes)
    except Conflict as error:
        return _tunings(request, context, status=error.status, problem=str(error))
    return to(f"/tuning/{study.id}")


@router.get("/tuning/{study_id}")
def tuning_page(
    request: Request, context: World, account: Admin, study_id: Key, sort: Sort = "value"
) -> Response:
    """One tuning: trials, importances, the best so far."""
    return _tuning(request, context, study_id, sort=sort)


@router.get("/tuning/{study_id}/live")
def live(
    request: Request, context: World, account: Admin, study_id: Key, sort: Sort = "value"
) -> Response:
    """The part of its page that changes, for the page to fetch again and again."""
    return _tuning(request, context, study_id, sort=sort, template="tuning_live.html")


@router.post("/tuning/{study_id}/cancel")
def cancel(request: Request, context: World, account: Admin, study_id: Key) -> Response:
    """Ask it to stop."""
    try:
        tuning.cancel_study(context, account, study_id)
    except Conflict as error:
        return _tuning(request, context, study_id, status=error.status, problem=str(error))
    return to(f"/tuning/{study_id}")


@router.post("/tuning/{study_id}/train")
def train(request: Request, context: World, account: Admin, study_id: Key) -> Response:
    """Train with the best settings so far, and show that run."""
    try:
        run = tuning.train_with_best(context, account, study_id)
    except Conflict as error:
        return _tuning(request, context, study_id, status=error.status, problem=str(error))
    return to(f"/runs/{run.id}")


def _tunings(
    request: Request,
    context: Context,
    *,
    before: int | None = None,
    status: int = 200,
    problem: str = "",
) -> Response:
    found = tuning.list_studies(context, before, STUDIES_A_PAGE)
    return page(
        request,
        "tunings.html",
        status,
        here="tuning",
        studies=found,
        live_study=next((study for study in found if study.state in LIVE), None),
        default_minutes=round(DEFAULT_MINUTES),
        more=found[-1].id if len(found) == STUDIES_A_PAGE else None,
        problem=problem,
    )


def _tuning(
    request: Request,
    context: Context,
    study_id: int,
    *,
    sort: str = "value",
    template: str = "tuning.html",
    status: int = 200,
    problem: str = "",
) -> Response:
    study = tuning.get_study(context, study_id)
    return page(
        request,
        template,
        status,
        here="tuning",
        study=study,
        live=study.state in LIVE,
        sort=sort,
        trials=in_order(study.trials, sort),
        settings=settings_of(study),
        history=history_of(study.trials),
        problem=problem,
    )


def in_order(trials: Sequence[TrialView], sort: str) -> list[TrialView]:
    """By value, best first, with those that have none behind; or by number, newest first."""
    newest_first = sorted(trials, key=lambda one: -one.number)
    if sort == "number":
        return newest_first
    return sorted(newest_first, key=lambda one: (one.value is None, one.value or 0.0))


def settings_of(study: StudyView) -> list[str]:
    """The settings that any trial has tried, in the order of the space: the table's columns.

    A name in the space may carry its architecture: `vgg_layers` are the `layers` of vgg.
    """
    tried = dict.fromkeys(name for one in study.trials for name in one.config)
    in_space = (
        setting
        for name in study.space or {}
        for setting in tried
        if name == setting or name.endswith(f"_{setting}")
    )
    return list(dict.fromkeys([*in_space, *tried]))


@dataclass(frozen=True)
class History:
    """The best value over the trials, as an SVG of 100 by 100 draws it.

    dots: x, y and trial of each completed one. line: the best so far, as points of a polyline.
    lowest, highest: values at the lower and the upper edge. first, last: trials at the sides.
    above: whether dots on the upper edge lie above it.
    """

    dots: list[tuple[float, float, TrialView]]
    line: str
    lowest: float
    highest: float
    first: int
    last: int
    above: bool


def history_of(trials: Sequence[TrialView]) -> History | None:
    """The history of the best value; None while there are not two values to compare."""
    completed = [one for one in trials if one.state == TrialState.COMPLETE]
    values = [one.value or 0.0 for one in completed]
    if len(completed) < 2:
        return None
    first, last = completed[0].number, max(one.number for one in trials)
    # A few bad trials would press the line flat: they stay on the upper edge.
    lowest, highest = min(values), max(values[0], median(values))
    wide, high = max(last - first, 1), (highest - lowest) or 1.0

    def place(one: TrialView, value: float) -> tuple[float, float]:
        return 100 * (one.number - first) / wide, 100 * max(highest - value, 0.0) / high

    dots, corners, best = [], [], values[0]
    for one, value in zip(completed, values, strict=True):
        corners.append(place(one, best))
        best = min(best, value)
        corners.append(place(one, best))
        dots.append((*place(one, value), one))
    corners.append((100.0, corners[-1][1]))
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)
    return History(dots, line, lowest, highest, first, last, max(values) > highest)
