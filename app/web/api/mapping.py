"""`/map/points`: every embedded component in a plane."""

from fastapi import APIRouter, Response

from app.actions import mapping
from app.web.access import Admin, World
from app.web.api.caching import NOT_MODIFIED, IfNoneMatch, Version, cached, has
from app.web.problems import responses

router = APIRouter(prefix="/map", tags=["map"])

MEDIA_TYPE = "application/vnd.somata.map"

DESCRIPTION = """
Where the components lie by what the networks of the `run` see: near each other is alike, far says
little. Packed as in `/components/views`: the header's length (4 bytes, little-endian), the header
(JSON, filled up with spaces to a multiple of 8 bytes), then the arrays, each described in the
header by `dtype`, `shape` and `offset` from the header's end. In order of component:
`components` (int32), `places` (float32, x and y within -1 to 1), `labels` and `predicted` (uint8, 1
to 4, 0 for none), `entropy` (float16, nats, NaN for none), `recordings` (int32). Labels are as of
the `event`.
"""

POINTS: dict[int | str, dict[str, object]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/points",
    response_class=Response,
    responses={**POINTS, **NOT_MODIFIED, **responses(401, 403, 409, 422)},
    description=DESCRIPTION,
)
def points(
    context: World, account: Admin, v: Version = None, if_none_match: IfNoneMatch = None
) -> Response:
    """The points of the map, for admins: they tell labels and predictions."""
    tag = mapping.version(context)
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    body, tag = mapping.points(context)
    return cached(Response(body, media_type=MEDIA_TYPE), tag, v)
