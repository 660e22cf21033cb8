"""The montage: many components that look like one class, of which only exceptions are marked."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.actions import montage, selecting, training
from app.web.access import Admin, Caller, World
from app.web.pages.comparing import reliability
from app.web.pages.parts import OptionalKey, recording_choices, to
from app.web.templating import page

router = APIRouter()

SIDES = (4, 6, 8, 10, 12)


@router.get("/montage")
def montage_page(
    request: Request,
    context: World,
    account: Caller,
    recording: OptionalKey = None,
    selection: OptionalKey = None,
) -> Response:
    """Confirm what is sure, a page at a time."""
    chosen = None if selection is None else selecting.get(context, selection)
    return page(
        request,
        "montage.html",
        here="montage",
        sides=SIDES,
        recordings=recording_choices(context),
        chosen_recording=recording,
        selection=chosen,
    )


@router.get("/montage/threshold")
def threshold_page(request: Request, context: World, account: Admin) -> Response:
    """From where on components are sure enough, and what each choice comes to."""
    found = montage.outlook(context)
    metrics = None if found.run is None else training.get_run(context, found.run).metrics
    return page(
        request,
        "montage_threshold.html",
        here="montage",
        outlook=found,
        reliability=reliability(metrics),
    )


@router.post("/montage/threshold")
def set_threshold(
    context: World, account: Admin, threshold: Annotated[float, Form(ge=0.3, le=1)]
) -> Response:
    """Keep the choice."""
    montage.set_threshold(context, account, threshold)
    return to("/montage")
