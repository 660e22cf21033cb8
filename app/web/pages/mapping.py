"""The map: all components in a plane, by what the networks see."""

from fastapi import APIRouter, Request, Response

from app.actions import embedding, mapping, promoting
from app.web.access import Admin, World
from app.web.pages.parts import recording_choices
from app.web.templating import page

router = APIRouter()


@router.get("/map")
def map_page(request: Request, context: World, account: Admin) -> Response:
    """For admins, since it shows labels and predictions."""
    space = embedding.shown(context)
    return page(
        request,
        "map.html",
        here="map",
        space=space,
        version=None if space is None else mapping.version(context),
        serving=promoting.serving_run(context),
        progress=embedding.progress(context),
        recordings=recording_choices(context),
    )
