"""What several pages need."""

from typing import Annotated

from fastapi import Path, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field

from app.actions import browsing
from app.actions.browsing import RecordingView
from app.actions.context import Context

MOST_CHOICES = 500
"""Recordings in a select; a lab with more finds them through the overview."""

Key = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _absent(value: object) -> object:
    # A form sends the empty choice of a select as an empty string.
    return None if value == "" else value


Absent = BeforeValidator(_absent)
PositiveKey = Annotated[int, Field(ge=1, le=2**31 - 1)]
OptionalKey = Annotated[PositiveKey | None, Absent, Query()]


def to(path: str) -> Response:
    """After a form: fetch the page at `path`, so that a reload sends nothing again."""
    return RedirectResponse(path, status_code=303)


def safe_path(path: str) -> str:
    r"""A path of this site to go to after signing in; the overview for anything else.

    `//host` and `/\host` are other sites to a browser.
    """
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside else "/"


def recording_choices(context: Context) -> list[RecordingView]:
    """Recordings to choose from."""
    return browsing.list_recordings(context, 0, MOST_CHOICES)
