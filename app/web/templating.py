"""Jinja2 for the pages."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from app.actions import discussed
from app.web import words

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Jinja2Templates(ROOT / "templates")
words.install(TEMPLATES.env)
STATIC = ROOT / "static"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template. `account` is who is signed in, or None."""
    values.setdefault("account", getattr(request.state, "account", None))
    if values["account"] is not None:
        # How many components wait to be settled: beside the page's name in the navigation.
        values.setdefault("discussed", discussed.count_open(request.app.state.context))
    response: HTMLResponse = TEMPLATES.TemplateResponse(
        request, template, values, status_code=status
    )
    # Pages hold what one person may see; only their pictures are cached.
    response.headers["Cache-Control"] = "no-store"
    return response


def error_page(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    """What a person sees when something went wrong."""
    # Nothing is asked of the database: it may be what went wrong.
    values = {"code": status, "title": title, "detail": detail, "discussed": 0}
    return page(request, "error.html", status, **values)
