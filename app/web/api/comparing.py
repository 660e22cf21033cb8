"""`/training-runs/compare`: where two runs disagree."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.actions import comparing
from app.web.access import Admin, World
from app.web.api import present
from app.web.api.schemas.training import ComparisonOut
from app.web.api.schemas.values import SortedCursor
from app.web.problems import responses

router = APIRouter(prefix="/training-runs", tags=["training"])

RunKey = Annotated[int, Query(ge=1, le=2**31 - 1)]


@router.get("/compare", responses=responses(401, 403, 404, 409, 422))
def compare_runs(
    context: World,
    account: Admin,
    a: RunKey,
    b: RunKey,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: SortedCursor = None,
) -> ComparisonOut:
    """Components of which two runs predict different classes, the furthest apart first; with
    what was set differently. 409 where one of them has not succeeded.
    """
    after = present.decode_cursor(cursor)
    found, following = comparing.disagreements(context, account, (a, b), after, limit)
    both = comparing.compare(context, account, a, b)
    counts = comparing.agreement(context, account, a, b)
    return present.comparison(both, counts, found, following)
