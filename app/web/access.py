"""Who is asking, and whether they may: the dependencies that every route has."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from app.actions import accounts, tokens
from app.actions.context import Context, require_admin
from app.domain.accounts import Account
from app.domain.errors import SomebodyElse, WrongOrigin
from app.web.problems import must_sign_in
from app.web.sessions import COOKIE, Sessions

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Only so that OpenAPI names them: `signed_in` reads header and cookie itself.
_bearer = HTTPBearer(auto_error=False, description="A token from ./somata token create.")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="A signed-in browser. A page that names its labeler (`Somata-Labeler: ID`) is "
    "refused with 401 once somebody else has signed in to the same browser.",
)


def context_of(request: Request) -> Context:
    """The world that this application acts on."""
    context: Context = request.app.state.context
    return context


def sessions_of(request: Request) -> Sessions:
    """The maker of session cookies."""
    sessions: Sessions = request.app.state.sessions
    return sessions


# A plain `def` dependency costs a trip to a thread; these three have nothing to wait for.
async def get_context(request: Request) -> Context:
    """`context_of`, as a dependency."""
    return context_of(request)


async def get_sessions(request: Request) -> Sessions:
    """`sessions_of`, as a dependency."""
    return sessions_of(request)


def visitor(request: Request) -> Account | None:
    """Whoever is asking, or None: by bearer token, else by session cookie.

    Raises WrongOrigin for a state-changing request that a browser sent from another site.
    """
    context = context_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        account = tokens.account_of(context, token.strip())
    else:
        session = sessions_of(request).read(request)
        account = None if session is None else accounts.account_of_session(context, *session)
        if request.method not in SAFE_METHODS:
            home = context.settings.public_url
            check_origin(request, signed_in=account is not None, home=home)
    request.state.account = account
    return account


def signed_in(
    request: Request,
    _token: Annotated[object, Security(_bearer)] = None,
    _session: Annotated[object, Security(_cookie)] = None,
) -> Account:
    """The account. Raises NotSignedIn."""
    account = visitor(request)
    if account is None:
        raise must_sign_in()
    # All tabs of a browser share one cookie. Answers that wait in a tab are of whoever opened it.
    page_of = request.headers.get("somata-labeler")
    if page_of is not None and page_of != str(account.id):
        raise SomebodyElse(
            f"{account.name} has signed in to this browser meanwhile. What waits here is of the "
            "person who opened this page, and goes out when they sign in again."
        )
    return account


async def admin(account: Annotated[Account, Depends(signed_in)]) -> Account:
    """The account, if an admin's. Raises NotAllowed."""
    require_admin(account)
    return account


def check_origin(request: Request, *, signed_in: bool, home: str | None = None) -> None:
    """Refuse what another site makes a browser send.

    Browsers name the origin of every POST; one that carries a session but names none is refused
    too. A program without a cookie cannot be misused in this way.
    home: the address that people reach Somata at, where a proxy may not pass their Host on.
    """
    origin = request.headers.get("origin") or request.headers.get("referer")
    if origin is None:
        if signed_in:
            raise WrongOrigin(
                "A request with a session cookie must name its origin. Programs use a token."
            )
        return
    ours = {request.headers.get("host", "").lower(), host_of(home or "")} - {""}
    if host_of(origin) not in ours:
        raise WrongOrigin("This request came from another site. Open Somata itself and try again.")


def host_of(address: str) -> str:
    """Host and port of an address, as a Host header has them; empty where there are none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


Caller = Annotated[Account, Depends(signed_in)]
Admin = Annotated[Account, Depends(admin)]
Visitor = Annotated[Account | None, Depends(visitor)]
World = Annotated[Context, Depends(get_context)]
Keys = Annotated[Sessions, Depends(get_sessions)]
