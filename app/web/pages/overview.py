"""The first page: what there is and what to do next."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.actions import browsing, jobs, promoting, rounds, training
from app.web.access import Caller, World
from app.web.templating import page

router = APIRouter()

RECORDINGS_A_PAGE = 50
ROUNDS_SHOWN = 3


@router.get("/")
def overview(
    request: Request,
    context: World,
    account: Caller,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Counts, training and rounds; two offers where the database is empty."""
    recordings = browsing.list_recordings(context, after, RECORDINGS_A_PAGE)
    newest = training.list_runs(context, None, 1)
    model = promoting.serving_run(context)
    loading = jobs.live(context, "demo")
    return page(
        request,
        "dashboard.html",
        here="overview",
        recordings=recordings,
        more=recordings[-1].id if len(recordings) == RECORDINGS_A_PAGE else None,
        counts=browsing.total_counts(context),
        run=newest[0] if newest else None,
        live_run=bool(newest and newest[0].state in ("queued", "running")),
        model=None if model is None else training.get_run(context, model),
        rounds=rounds.list_rounds(context, None, ROUNDS_SHOWN),
        demo_job=loading[0].id if loading else None,
    )
