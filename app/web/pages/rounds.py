"""Relabeling rounds: opening one, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.actions import promoting, rounds
from app.actions.context import Context
from app.actions.rounds import Order, RoundPlan
from app.domain.errors import Conflict, NotFound
from app.web.access import Admin, Caller, World
from app.web.pages.parts import Absent, Key, OptionalKey, PositiveKey, recording_choices, to
from app.web.templating import page

router = APIRouter()

ROUNDS_A_PAGE = 50


@router.get("/rounds")
def rounds_page(
    request: Request, context: World, account: Caller, before: OptionalKey = None
) -> Response:
    """All rounds, and for admins the form that opens one."""
    return _rounds(request, context, before=before)


@router.post("/rounds")
def open_round(
    request: Request,
    context: World,
    account: Admin,
    order: Annotated[Order, Form()],
    size: Annotated[int, Form(ge=1, le=10_000)],
    title: Annotated[str, Form(max_length=200)] = "",
    recording: Annotated[PositiveKey | None, Absent, Form()] = None,
) -> Response:
    """Open a round and show it."""
    plan = RoundPlan(order=order, size=size, title=title.strip() or None, recording=recording)
    try:
        opened = rounds.open_round(context, account, plan)
    except (Conflict, NotFound) as error:
        return _rounds(request, context, status=error.status, problem=str(error))
    return to(f"/rounds/{opened.id}")


@router.get("/rounds/{round_id}")
def round_page(request: Request, context: World, account: Caller, round_id: Key) -> Response:
    """What was kept and changed."""
    found = rounds.get_round(context, round_id)
    return page(request, "round.html", here="rounds", round=found)


@router.post("/rounds/{round_id}/close")
def close_round(context: World, account: Admin, round_id: Key) -> Response:
    """Hand out no more of it."""
    rounds.close_round(context, account, round_id)
    return to(f"/rounds/{round_id}")


def _rounds(
    request: Request,
    context: Context,
    *,
    before: int | None = None,
    status: int = 200,
    problem: str = "",
) -> Response:
    found = rounds.list_rounds(context, before, ROUNDS_A_PAGE)
    return page(
        request,
        "rounds.html",
        status,
        here="rounds",
        rounds=found,
        more=found[-1].id if len(found) == ROUNDS_A_PAGE else None,
        model=promoting.serving_run(context),
        recordings=recording_choices(context),
        problem=problem,
    )
