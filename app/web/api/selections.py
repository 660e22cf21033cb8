"""`/selections`: components chosen together, for a montage or a round."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.actions import selecting
from app.actions.selecting import SelectionView
from app.web.access import Caller, World
from app.web.api import present
from app.web.api.schemas.selections import SelectionIn, SelectionOut
from app.web.problems import responses

router = APIRouter(prefix="/selections", tags=["selections"])

SelectionId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("", status_code=201, responses=responses(400, 401, 403, 404, 413, 422))
def make_selection(
    context: World, account: Caller, body: SelectionIn, response: Response
) -> SelectionOut:
    """Keep components together for a week: at most 10,000, and 100 selections a person, of which
    the oldest goes for the next.
    """
    made = selecting.make(context, account, body.components, body.name)
    response.headers["Location"] = f"{present.API}/selections/{made.id}"
    return _out(made)


@router.get("/{selection}", responses=responses(401, 404, 422))
def get_selection(context: World, account: Caller, selection: SelectionId) -> SelectionOut:
    """The components of a selection that has not expired."""
    return _out(selecting.get(context, selection))


def _out(one: SelectionView) -> SelectionOut:
    return SelectionOut.model_validate(one, from_attributes=True)
