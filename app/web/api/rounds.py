"""`/rounds`: relabeling rounds and their outcome."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.actions import rounds
from app.web.access import Admin, Caller, World
from app.web.api import present
from app.web.api.schemas.rounds import RoundIn, RoundOut, RoundPage
from app.web.api.schemas.values import Cursor
from app.web.problems import responses

router = APIRouter(prefix="/rounds", tags=["rounds"])

RoundId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("", status_code=201, responses=responses(400, 401, 403, 404, 409, 413, 422))
def open_round(
    context: World, account: Admin, response: Response, body: RoundIn | None = None
) -> RoundOut:
    """Open a round over the most confusing labeled components of the newest model."""
    body = body or RoundIn()
    plan = rounds.RoundPlan(body.order, body.size, body.title, body.recording, body.selection)
    opened = rounds.open_round(context, account, plan)
    response.headers["Location"] = f"{present.API}/rounds/{opened.id}"
    return present.round_(opened)


@router.get("", responses=responses(401, 422))
def list_rounds(
    context: World,
    account: Caller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> RoundPage:
    """Rounds, newest first."""
    found = rounds.list_rounds(context, present.id_cursor(cursor), limit)
    return RoundPage(
        items=[present.round_(one) for one in found],
        next=present.next_id([one.id for one in found], limit),
    )


@router.get("/{round}", responses=responses(401, 404, 422))
def get_round(context: World, account: Caller, round: RoundId) -> RoundOut:
    """One round: done, kept, changed, and what it did to the labels."""
    return present.round_(rounds.get_round(context, round))


@router.post("/{round}/close", responses=responses(400, 401, 403, 404, 422))
def close_round(context: World, account: Admin, round: RoundId) -> RoundOut:
    """Hand out no more of it."""
    return present.round_(rounds.close_round(context, account, round))
