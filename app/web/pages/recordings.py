"""Bringing recordings in, and a page for each."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.actions import browsing, pictures
from app.web.access import Admin, Caller, World
from app.web.pages.parts import Key
from app.web.templating import page

router = APIRouter()


@router.get("/import")
def import_page(request: Request, context: World, account: Admin) -> Response:
    """Drag and drop; the page's script posts each file to the REST API."""
    limit = context.settings.max_upload_mb
    return page(request, "import.html", here="import", max_upload_mb=limit)


@router.get("/recordings/{recording}")
def recording_page(request: Request, context: World, account: Caller, recording: Key) -> Response:
    """Counts, summary images, what was rejected and why."""
    found = browsing.get_recording(context, recording)
    return page(request, "recording.html", recording=found)


@router.get("/recordings/{recording}/summary/{kind}.png")
def summary_picture(
    context: World,
    account: Caller,
    recording: Key,
    kind: Annotated[str, Path(max_length=40, pattern="^[a-z_]+$")],
) -> Response:
    """A summary image of the whole field."""
    picture = pictures.summary_picture(context, recording, kind)
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(picture, media_type="image/png", headers=headers)
