"""`/tuning`: trying settings out within a budget, watching it, stopping it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.actions import tuning
from app.web.access import Admin, Caller, World
from app.web.api import present
from app.web.api.schemas.tuning import TuningDetail, TuningIn, TuningOut, TuningPage
from app.web.api.schemas.values import Cursor
from app.web.problems import responses

router = APIRouter(prefix="/tuning", tags=["tuning"])

TuningId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("", status_code=202, responses=responses(400, 401, 403, 409, 413, 422))
def request_tuning(context: World, account: Admin, body: TuningIn | None = None) -> TuningOut:
    """Queue a tuning on the labels as they are now. One at a time: 409 while another waits or runs.

    It pauses while its worker trains.
    """
    asked = TuningIn() if body is None else body
    config = None if asked.config is None else dict(asked.config)
    return present.tuning(tuning.request_study(context, account, asked.minutes, config))


@router.get("", responses=responses(401, 422))
def list_tunings(
    context: World,
    account: Caller,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = None,
) -> TuningPage:
    """Tunings without their trials, newest first."""
    found = tuning.list_studies(context, present.id_cursor(cursor), limit)
    return TuningPage(
        items=[present.tuning(one) for one in found],
        next=present.next_id([one.id for one in found], limit),
    )


@router.get("/{tuning_id}", responses=responses(401, 404, 422))
def get_tuning(context: World, account: Caller, tuning_id: TuningId) -> TuningDetail:
    """One tuning: its trials, the best of them so far, and how much each setting matters."""
    return present.tuning_detail(tuning.get_study(context, tuning_id))


@router.post("/{tuning_id}/cancel", responses=responses(400, 401, 403, 404, 409, 422))
def cancel_tuning(context: World, account: Admin, tuning_id: TuningId) -> TuningOut:
    """Ask a tuning to stop; it does so within seconds. What it has found is kept."""
    return present.tuning(tuning.cancel_study(context, account, tuning_id))
