"""Coming in and going out: sign-in, sign-out, invites."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.actions import accounts, queueing
from app.actions.accounts import MIN_PASSWORD_LENGTH
from app.domain.errors import Conflict, InvalidInput, NotSignedIn
from app.web.access import Keys, Visitor, World
from app.web.pages.parts import safe_path, to
from app.web.templating import page

router = APIRouter()

Words = Annotated[str, Form(max_length=1000)]


@router.get("/sign-in")
def sign_in_page(request: Request, visitor: Visitor, next: str = "/") -> Response:
    """The form, or straight on for who is signed in already."""
    if visitor is not None:
        return to(safe_path(next))
    return page(request, "sign_in.html", next=safe_path(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    context: World,
    sessions: Keys,
    visitor: Visitor,
    name: Words,
    password: Words,
    next: Words = "/",
) -> Response:
    """Start a session."""
    try:
        account, epoch = accounts.sign_in(context, name, password)
    except NotSignedIn as error:
        values = {"next": safe_path(next), "name": name, "problem": str(error), "account": None}
        return page(request, "sign_in.html", 401, **values)
    response = to(safe_path(next))
    sessions.start(request, response, account.id, epoch)
    return response


@router.post("/sign-out")
def sign_out(context: World, sessions: Keys, visitor: Visitor) -> Response:
    """End the session; what was promised to this labeler goes back to the others."""
    if visitor is not None:
        queueing.release_all(context, visitor)
    response = to("/sign-in")
    sessions.end(response)
    return response


@router.get("/invite/{secret}")
def invite_page(request: Request, context: World, secret: str) -> Response:
    """The form. Looking at it does not use the invite up: previews of links look too."""
    name = accounts.invited_name(context, secret)
    return _invite(request, name)


@router.post("/invite/{secret}")
def accept_invite(
    request: Request,
    context: World,
    sessions: Keys,
    visitor: Visitor,
    secret: str,
    name: Words,
    password: Words,
) -> Response:
    """Take the name and the password, and be signed in."""
    try:
        account, epoch = accounts.accept_invite(context, secret, name, password)
    except (Conflict, InvalidInput) as error:
        return _invite(request, name, status=error.status, problem=str(error))
    response = to("/")
    sessions.start(request, response, account.id, epoch)
    return response


def _invite(request: Request, name: str, status: int = 200, problem: str = "") -> Response:
    return page(
        request,
        "invite.html",
        status,
        name=name,
        problem=problem,
        min_password=MIN_PASSWORD_LENGTH,
        account=None,
    )
