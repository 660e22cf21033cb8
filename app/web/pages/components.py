"""Browsing components: a wall of thumbnails, and a page for each with its history."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.actions import browsing, defining, discussed, pictures
from app.domain.errors import InvalidInput
from app.storage.components import Filters, Position
from app.web.access import Caller, World
from app.web.api import present
from app.web.pages.parts import Absent, Key, OptionalKey, recording_choices
from app.web.pages.sprites import COLUMNS, sprite_of
from app.web.templating import page

router = APIRouter()

Code = Annotated[int, Field(ge=1, le=4)]
LabelOrNone = Annotated[int, Field(ge=0, le=4, description="0: without a label")]
ShortText = Annotated[str, Field(max_length=200)]

TILES_A_PAGE = 60
MOST_SPRITES = 200
ORDERS = (
    ("id", "as imported"),
    ("entropy", "highest entropy"),
    ("quality", "most suspect label"),
    ("cue", "most process-like"),
)


@router.get("/components")
def components_page(
    request: Request,
    context: World,
    account: Caller,
    recording: OptionalKey = None,
    label: Annotated[LabelOrNone | None, Absent, Query()] = None,
    predicted: Annotated[Code | None, Absent, Query()] = None,
    disagreement: Annotated[bool | None, Absent, Query()] = None,
    order: Literal["id", "entropy", "quality", "cue"] = "id",
    cursor: Annotated[ShortText | None, Absent, Query()] = None,
) -> Response:
    """A page of thumbnails."""
    chosen = {
        "recording": recording,
        "label": label,
        "predicted": predicted,
        "disagreement": disagreement,
        "order": order,
    }
    found, following = browsing.list_components(
        context,
        account,
        Filters(recording, label, predicted, disagreement),
        order,
        present.decode_cursor(cursor),
        TILES_A_PAGE,
    )
    return page(
        request,
        "components.html",
        here="components",
        components=found,
        recordings=recording_choices(context),
        chosen=chosen,
        orders=ORDERS,
        next_url=None if following is None else url_of_next(chosen, following),
        page_size=TILES_A_PAGE,
        sprite=sprite_of([(one.id, one.content_hash) for one in found]),
    )


def url_of_next(chosen: Mapping[str, object], following: Position) -> str:
    """The next page of what was chosen."""
    given = {key: str(value).lower() for key, value in chosen.items() if value is not None}
    return f"/components?{urlencode(given | {'cursor': present.encode_cursor(following)})}"


@router.get("/components/sprite.png")
def sprite(
    context: World,
    account: Caller,
    ids: Annotated[str, Query(max_length=3000, pattern=r"^\d{1,9}(,\d{1,9})*$")],
) -> Response:
    """Up to 200 masks in one picture, ten in a row."""
    keys = [int(key) for key in ids.split(",")]
    if len(keys) > MOST_SPRITES or len(set(keys)) != len(keys):
        raise InvalidInput(f"ids: up to {MOST_SPRITES} different components.")
    picture = pictures.sprites(context, keys, COLUMNS)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(picture, media_type="image/png", headers=headers)


@router.get("/components/{component}")
def component_page(request: Request, context: World, account: Caller, component: Key) -> Response:
    """One component with its full history, as far as this person may see it."""
    found = browsing.get_component(context, account, component)
    return page(
        request,
        "component.html",
        here="components",
        component=found,
        recording=browsing.get_recording(context, found.recording),
        urls=present.urls(found.id, found.content_hash),
        history=browsing.history(context, account, component),
        discussion=discussed.find(context, account, component),
        new_id=uuid4(),
        is_example=account.is_admin and defining.is_example(context, component),
    )
