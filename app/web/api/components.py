"""`/components`: one, many, and their pictures."""

import io
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Response

from app.actions import browsing, noting, pictures
from app.storage.components import Filters
from app.web.access import Caller, World
from app.web.api import present
from app.web.api.caching import NOT_MODIFIED, IfNoneMatch, Version, cached, has
from app.web.api.schemas.components import ComponentOut, ComponentPage, OwnNoteOut, TraceOut
from app.web.api.schemas.values import SortedCursor
from app.web.problems import responses

router = APIRouter(prefix="/components", tags=["components"])

ComponentId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Key = Annotated[int | None, Query(ge=1, le=2**31 - 1)]

PNG: dict[int | str, dict[str, object]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
NPY: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    }
}


@router.get("", responses=responses(401, 404, 422))
def list_components(
    context: World,
    account: Caller,
    recording: Key = None,
    label: Annotated[int | None, Query(ge=0, le=4, description="0: without a label")] = None,
    predicted: Annotated[int | None, Query(ge=1, le=4)] = None,
    disagreement: bool | None = None,
    order: Literal["id", "entropy", "quality", "cue"] = "id",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: SortedCursor = None,
) -> ComponentPage:
    """A page of components; all orders but `id` start with the largest."""
    found, following = browsing.list_components(
        context,
        account,
        Filters(recording, label, predicted, disagreement),
        order,
        present.decode_cursor(cursor),
        limit,
    )
    return ComponentPage(
        items=[present.component(one) for one in found],
        next=None if following is None else present.encode_cursor(following),
    )


@router.get("/{component}", responses=responses(401, 404, 422))
def get_component(context: World, account: Caller, component: ComponentId) -> ComponentOut:
    """One component; label and prediction are withheld from a labeler who has not answered."""
    return present.component(browsing.get_component(context, account, component))


@router.get("/{component}/note", responses=responses(401, 404, 422))
def own_note(context: World, account: Caller, component: ComponentId) -> OwnNoteOut:
    """Your own note on it, and nobody else's: it may be asked for before the answer."""
    found = noting.own(context, account, component)
    return OwnNoteOut(note=None if found is None else present.note(found))


@router.get(
    "/{component}/mask.png",
    response_class=Response,
    responses={**PNG, **NOT_MODIFIED, **responses(401, 404, 422)},
)
def mask_png(
    context: World,
    account: Caller,
    component: ComponentId,
    size: Annotated[int, Query(ge=50, le=1000)] = 50,
    v: Version = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The mask as a grey picture."""
    tag = f"{pictures.content_hash(context, component)}-{size}"
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    picture = pictures.mask_picture(context, component, size)
    return cached(Response(picture, media_type="image/png"), tag, v)


@router.get(
    "/{component}/mask.npy",
    response_class=Response,
    responses={**NPY, **NOT_MODIFIED, **responses(401, 404, 422)},
)
def mask_npy(
    context: World,
    account: Caller,
    component: ComponentId,
    v: Version = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The mask itself: (50, 50) float32 as .npy."""
    tag = pictures.content_hash(context, component)
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    buffer = io.BytesIO()
    np.save(buffer, pictures.mask(context, component), allow_pickle=False)
    return cached(Response(buffer.getvalue(), media_type="application/octet-stream"), tag, v)


@router.get(
    "/{component}/context.png",
    response_class=Response,
    responses={**PNG, **NOT_MODIFIED, **responses(401, 404, 422)},
)
def context_png(
    context: World,
    account: Caller,
    component: ComponentId,
    image: Annotated[str | None, Query(max_length=20, description="mean, max, ...")] = None,
    v: Version = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The surroundings on a summary image, with this contour and the neighbours'."""
    tag = f"{pictures.content_hash(context, component)}-{_ascii(image)}"
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    picture = pictures.context_picture(context, component, image)
    return cached(Response(picture, media_type="image/png"), tag, v)


@router.get(
    "/{component}/trace",
    response_model=TraceOut,
    responses={**NOT_MODIFIED, **responses(401, 404, 422)},
)
def trace(
    context: World,
    account: Caller,
    component: ComponentId,
    response: Response,
    points: Annotated[int, Query(ge=4, le=100_000)] = 1000,
    first: Annotated[int, Query(ge=0, le=2**31 - 1, description="frame to begin with")] = 0,
    last: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="frame to end with")] = None,
    v: Version = None,
    if_none_match: IfNoneMatch = None,
) -> TraceOut | Response:
    """Points to draw, thinned without losing a peak; empty where the source has no trace."""
    tag = f"{pictures.content_hash(context, component)}-{points}-{first}-{last}"
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    found = pictures.trace(context, component, points, first, last)
    cached(response, tag, v)
    return TraceOut(
        times=found.times.round(4).tolist(),
        values=[float(f"{value:.6g}") for value in found.values],
        unit="s" if found.unit == "s" else "frames",
        frames=found.frames,
    )


def _ascii(text: str | None) -> str:
    return (text or "best").encode("ascii", "replace").decode().replace('"', "")
