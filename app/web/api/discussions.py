"""`/discussions`: components that two people settle together."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from app.actions import discussed, discussing
from app.actions.discussed import DiscussionView
from app.web.access import Caller, World
from app.web.api import present
from app.web.api.schemas.discussions import (
    DiscussionOut,
    DiscussionPage,
    RaiseIn,
    SettleIn,
    WithdrawIn,
    WithdrawOut,
)
from app.web.api.schemas.values import Cursor
from app.web.problems import responses

router = APIRouter(prefix="/discussions", tags=["discussions"])

ComponentId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", responses=responses(401, 422))
def list_discussions(
    context: World,
    account: Caller,
    state: Literal["open", "settled"] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> DiscussionPage:
    """Components up for discussion, or settled; the latest first."""
    before = present.id_cursor(cursor)
    found = discussed.list_discussions(context, account, state, before, limit)
    return DiscussionPage(
        items=[_out(one) for one in found],
        next=present.next_id([one.turn for one in found], limit),
    )


@router.post("", responses=responses(400, 401, 403, 404, 409, 413, 422))
def put_up(context: World, account: Caller, body: RaiseIn) -> DiscussionOut:
    """Put a component up for discussion. One that was settled is open again; its label stands
    until another is settled.
    """
    raised = discussing.Raised(body.id, body.component, body.text)
    return _out(discussing.put_up(context, account, raised))


@router.post("/{component}/settle", responses=responses(400, 401, 403, 404, 409, 413, 422))
def settle(
    context: World, account: Caller, component: ComponentId, body: SettleIn
) -> DiscussionOut:
    """Record the label that you and a second person agreed on. It stands for both, and in place of
    all that was answered before.
    """
    settled = discussing.Settled(body.id, component, body.label, body.settled_with, body.text)
    return _out(discussing.settle(context, account, settled))


@router.post("/{component}/withdraw", responses=responses(400, 401, 403, 404, 409, 413, 422))
def withdraw(
    context: World, account: Caller, component: ComponentId, body: WithdrawIn
) -> WithdrawOut:
    """Take off the list what you put up by mistake, while nobody else has answered it or written
    about it since. What was settled before holds again.
    """
    discussing.withdraw(context, account, discussing.Withdrawn(body.id, component))
    return WithdrawOut(id=body.id, component=component)


def _out(one: DiscussionView) -> DiscussionOut:
    urls = present.urls(one.component, one.content_hash)
    return DiscussionOut.model_validate({**vars(one), "urls": urls}, from_attributes=True)
