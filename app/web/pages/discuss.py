"""The list of components that two people settle together."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field

from app.actions import accounts, discussed, discussing, labeling, noting
from app.actions.context import Context
from app.actions.discussed import State
from app.actions.discussing import Raised, Settled, Withdrawn
from app.actions.labeling import Answer
from app.actions.noting import Noted
from app.domain.accounts import Account, Role
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.web.access import Caller, World
from app.web.api import present
from app.web.pages.parts import Key, OptionalKey, to
from app.web.templating import page

router = APIRouter()

A_PAGE = 20
Refusal = Conflict | NotAllowed | NotFound

Code = Annotated[int, Field(ge=1, le=4), Form()]
Written = Annotated[str, Form(max_length=2000, pattern=r"^[^\x00]*$")]
# Made with the page, so that a form that is sent twice counts once.
Once = Annotated[UUID, Form()]


@router.get("/discuss")
def discuss_page(
    request: Request,
    context: World,
    account: Caller,
    state: State = "open",
    before: OptionalKey = None,
) -> Response:
    """Components up for discussion, or settled."""
    return _list(request, context, account, state=state, before=before)


@router.post("/discuss/{component}/raise")
def put_up(
    context: World, account: Caller, component: Key, id: Once, text: Written = ""
) -> Response:
    """Put it up, again where it was settled."""
    discussing.put_up(context, account, Raised(id, component, text))
    return to(f"/discuss#component-{component}")


@router.post("/discuss/{component}/answer")
def answer(context: World, account: Caller, component: Key, id: Once, label: Code) -> Response:
    """Answer it, blind, before what others said is shown."""
    receipt = labeling.answer(context, account, [Answer(id, component, label)])[0]
    if receipt.status == "refused":
        raise Conflict(receipt.detail or "The answer was refused.")
    return to(f"/discuss#component-{component}")


@router.post("/discuss/{component}/note")
def note(context: World, account: Caller, component: Key, id: Once, text: Written = "") -> Response:
    """Write a note on it."""
    noting.write(context, account, Noted(id, component, text))
    return to(f"/discuss#component-{component}")


@router.post("/discuss/{component}/settle")
def settle(
    request: Request,
    context: World,
    account: Caller,
    component: Key,
    id: Once,
    label: Code,
    settled_with: Annotated[str, Form(max_length=100)],
    text: Written = "",
) -> Response:
    """Record what two people agreed on."""
    agreed = Settled(id, component, label, settled_with, text)
    try:
        discussing.settle(context, account, agreed)
    except (Conflict, NotFound) as error:
        return _list(request, context, account, refused=error, about=component, typed=agreed)
    return to("/discuss")


@router.post("/discuss/{component}/withdraw")
def withdraw(
    request: Request, context: World, account: Caller, component: Key, id: Once
) -> Response:
    """Take it off the list again."""
    try:
        discussing.withdraw(context, account, Withdrawn(id, component))
    except (Conflict, NotAllowed, NotFound) as error:
        return _list(request, context, account, refused=error, about=component)
    return to("/discuss")


def _list(
    request: Request,
    context: Context,
    account: Account,
    *,
    state: State = "open",
    before: int | None = None,
    refused: Refusal | None = None,
    about: int | None = None,
    typed: Settled | None = None,
) -> Response:
    """The list, or what was refused about a component, with all that was typed."""
    # Admins too see here what was said only once they have answered: what they answer on this page
    # shall be worth something. Elsewhere nothing is hidden from them.
    viewer = replace(account, role=Role.LABELER)
    found = discussed.list_discussions(context, viewer, state, before, A_PAGE)
    more = found[-1].turn if len(found) == A_PAGE else None
    if about is not None and about not in [one.component for one in found]:
        # It is on a later page, or not open any more.
        asked = discussed.find(context, viewer, about)
        found = [asked, *found] if asked else found
    return page(
        request,
        "discuss.html",
        200 if refused is None else refused.status,
        here="discuss",
        state=state,
        items=[(one, present.urls(one.component, one.content_hash)) for one in found],
        more=more,
        new_id=uuid4,
        alone=accounts.is_alone(context, account),
        problem="" if refused is None else str(refused),
        typed=typed,
    )
