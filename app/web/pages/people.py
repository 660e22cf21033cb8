"""Who works here: inviting, roles, letting in and keeping out. For admins."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.actions import accounts
from app.actions.context import Context
from app.domain.accounts import Account, Role
from app.domain.errors import Conflict, InvalidInput
from app.web.access import Admin, World
from app.web.pages.parts import Key, to
from app.web.templating import page

router = APIRouter(prefix="/people")


@router.get("")
def people_page(request: Request, context: World, account: Admin) -> Response:
    """Everybody who can sign in."""
    return _people(request, context, account)


@router.post("/invites")
def invite(
    request: Request,
    context: World,
    account: Admin,
    name: Annotated[str, Form(max_length=1000)],
    role: Annotated[Role, Form()],
) -> Response:
    """Make an invite link and show it, once."""
    try:
        secret = accounts.add_person(context, name, role)
    except (Conflict, InvalidInput) as error:
        return _people(request, context, account, status=error.status, problem=str(error))
    return _people(request, context, account, invited=name.strip(), secret=secret)


@router.post("/{person}/invite")
def invite_again(request: Request, context: World, account: Admin, person: Key) -> Response:
    """A fresh link for who lost theirs, or the password."""
    secret = accounts.invite_again(context, account, person)
    people = accounts.people(context, account)
    name = next((one.name for one in people if one.id == person), "")
    return _people(request, context, account, invited=name, secret=secret)


@router.post("/{person}/role")
def set_role(
    context: World, account: Admin, person: Key, role: Annotated[Role, Form()]
) -> Response:
    """Make somebody admin or labeler."""
    accounts.set_role(context, account, person, role)
    return to("/people")


@router.post("/{person}/active")
def set_active(
    context: World, account: Admin, person: Key, active: Annotated[bool, Form()]
) -> Response:
    """Let somebody in or keep them out."""
    accounts.set_active(context, account, person, active)
    return to("/people")


def _people(
    request: Request,
    context: Context,
    account: Account,
    *,
    status: int = 200,
    problem: str = "",
    invited: str = "",
    secret: str = "",
) -> Response:
    base = context.settings.public_url or str(request.base_url)
    return page(
        request,
        "people.html",
        status,
        here="people",
        people=accounts.people(context, account),
        problem=problem,
        invited=invited,
        invite_url=f"{base.rstrip('/')}/invite/{secret}" if secret else None,
        invite_hours=context.settings.invite_hours,
    )
