"""One's own account: tokens for programs, password, sessions."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.actions import accounts, tokens
from app.actions.accounts import MIN_PASSWORD_LENGTH
from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import InvalidInput, NotSignedIn
from app.web.access import Caller, Keys, World
from app.web.pages.parts import Key, to
from app.web.templating import page

router = APIRouter(prefix="/account")

Words = Annotated[str, Form(max_length=1000)]


@router.get("")
def account_page(request: Request, context: World, account: Caller) -> Response:
    """Tokens and password."""
    return _account(request, context, account)


@router.post("/tokens")
def create_token(request: Request, context: World, account: Caller, name: Words) -> Response:
    """Make a token and show it, once."""
    try:
        token = tokens.create(context, account, name)
    except InvalidInput as error:
        return _account(request, context, account, status=error.status, problem=str(error))
    return _account(request, context, account, token=token, token_name=name.strip())


@router.post("/tokens/{token}/revoke")
def revoke_token(context: World, account: Caller, token: Key) -> Response:
    """End a token."""
    tokens.revoke(context, account, token)
    return to("/account")


@router.post("/password")
def change_password(
    request: Request, context: World, account: Caller, sessions: Keys, old: Words, new: Words
) -> Response:
    """Set a new password; this browser stays signed in, others do not."""
    try:
        epoch = accounts.change_password(context, account, old, new)
    except NotSignedIn:
        problem = "The present password does not fit. Nothing was changed."
        return _account(request, context, account, status=422, problem=problem)
    except InvalidInput as error:
        return _account(request, context, account, status=error.status, problem=str(error))
    done = "The password is changed. Other sessions have ended."
    response = _account(request, context, account, done=done)
    sessions.start(request, response, account.id, epoch)
    return response


@router.post("/sign-out-everywhere")
def sign_out_everywhere(context: World, account: Caller, sessions: Keys) -> Response:
    """End every session of this account, this one too."""
    accounts.sign_out_everywhere(context, account)
    response = to("/sign-in")
    sessions.end(response)
    return response


def _account(
    request: Request, context: Context, account: Account, status: int = 200, **values: str
) -> Response:
    return page(
        request,
        "account.html",
        status,
        here="account",
        tokens=tokens.listed(context, account),
        min_password=MIN_PASSWORD_LENGTH,
        **values,
    )
