"""One table from what goes wrong to what the client is told (RFC 9457)."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.domain.errors import NotFound, NotSignedIn, SomataError, WorkerUnavailable
from app.web.api.schemas.values import Problem
from app.web.templating import error_page

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
FULL = Match.FULL
UNPARSED = (
    "The body cannot be parsed. Send well-formed JSON, or multipart/form-data with a `file` "
    "where a recording goes."
)

NOWHERE = "There is nothing at {}. Check the address."

MEANINGS = {
    400: "The request cannot be understood.",
    401: "Not signed in, or the token is unknown.",
    403: "The role does not reach this, or the request came from another site.",
    404: "There is no such thing.",
    405: "This address does not take that method.",
    409: "It contradicts what is stored.",
    413: "Too large.",
    415: "A content type that is not taken here.",
    422: "A value cannot be used.",
    503: "The database or a worker did not answer in time.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an operation may answer with, for its OpenAPI description.

    503 is among them without being named: any of them may meet a database that is away.
    """
    return {
        status: {"model": Problem, "description": MEANINGS[status], "content": {MEDIA_TYPE: {}}}
        for status in sorted({*statuses, 503})
    }


def problem(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """An error as `application/problem+json`."""
    body = Problem(title=title, status=status, detail=detail, **more)
    return JSONResponse(
        body.model_dump(exclude_none=True), status_code=status, media_type=MEDIA_TYPE
    )


def wants_page(request: Request) -> bool:
    """Whether a person's browser asked, rather than a program or a script of the page."""
    path = request.url.path
    return not path.startswith(("/api/", "/openapi.json")) and "text/html" in request.headers.get(
        "accept", ""
    )


def answer(request: Request, status: int, title: str, detail: str, **more: Any) -> Response:
    """A page for a person, a problem for a program."""
    if wants_page(request):
        if status == 401 and request.method == "GET":
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(asked)}", status_code=303)
        return error_page(request, status, title, detail)
    response = problem(status, title, detail, **more)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def install(app: FastAPI) -> None:
    """Answer every kind of failure in one way."""

    @app.exception_handler(SomataError)
    def known(request: Request, error: SomataError) -> Response:
        return answer(request, error.status, error.title, str(error))

    @app.exception_handler(HTTPException)
    def of_framework(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        title = MEANINGS.get(status, "Error")
        detail = UNPARSED if status == 400 and "parsing the body" in error.detail else error.detail
        if status == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
            title, detail = NotFound.title, NOWHERE.format(request.url.path)
        response = answer(request, status, title, str(detail))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        if status == 405:
            response.headers["Allow"] = ", ".join(methods_of(request))
        return response

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]}
            for one in error.errors()[:20]
        ]
        detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:5])
        return answer(request, 422, "Invalid input", detail, errors=faults)

    @app.exception_handler(OperationalError)
    def database(request: Request, error: OperationalError) -> Response:
        log.error("database failed", path=request.url.path, error=str(error.orig))
        unavailable = WorkerUnavailable.status
        detail = "The database did not answer. Try again; nothing was stored of this request."
        return answer(request, unavailable, "Database unavailable", detail)


def methods_of(request: Request) -> list[str]:
    """The methods that this address does take: of all its routes, not of the first one."""
    routes = request.app.router.routes
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is FULL for route in routes)
    ]


def must_sign_in() -> NotSignedIn:
    """The refusal of a request without a session or token."""
    return NotSignedIn(
        "Sign in, or send a token in `Authorization: Bearer`. ./somata token create NAME makes one."
    )
