"""`/components/views`: what a page draws of many components, in one answer; and whole fields."""

import zlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from app.actions import bundles
from app.web.access import Caller, World
from app.web.api.caching import NOT_MODIFIED, IfNoneMatch, Version, cached, has
from app.web.api.schemas.values import NO_NUL
from app.web.problems import responses

router = APIRouter()

MEDIA_TYPE = "application/vnd.somata.views"

_PART = f"({'|'.join(bundles.PARTS)})"
_MORE = bundles.MOST_COMPONENTS - 1
Ids = Annotated[
    str,
    Query(
        max_length=11 * bundles.MOST_COMPONENTS,
        pattern=rf"^[1-9]\d{{0,8}}(,[1-9]\d{{0,8}}){{0,{_MORE}}}$",
        description=f"keys of up to {bundles.MOST_COMPONENTS} components, with commas between",
    ),
]
Parts = Annotated[
    str,
    Query(
        max_length=100,
        pattern=rf"^{_PART}(,{_PART}){{0,{len(bundles.PARTS) - 1}}}$",
        description=f"of {', '.join(bundles.PARTS)}, with commas between",
    ),
]
Images = Annotated[
    str | None,
    Query(
        max_length=200,
        description="of `context`, cut only summary images of these kinds (commas between), and "
        "the best where a recording has none of these. Empty: none; left out: all",
    ),
]
AcceptEncoding = Annotated[str | None, Header(include_in_schema=False)]

DESCRIPTION = """
The body is the header's length (4 bytes, little-endian), the header (JSON in UTF-8, filled up with
spaces so that the arrays begin at a multiple of 8) and the arrays. Where the header speaks of an
array it has `dtype` (`uint8`, `uint16`, `uint32`, `float32`), `shape` and `offset` in bytes from
the header's end; values are little-endian, rows first. Places are y, x in source pixels whose
centres are whole numbers.

- `recordings`: `id`, `field_px` (height, width), `mask_scale` (mask pixels per source pixel),
  `frame_rate_hz`; with `context` also `window_px`, `map` (the whole field made small) and
  `images`, the best first: the `kind`, `shape` and `pixel_px` of each summary image, which
  `GET /recordings/{id}/summary` has whole, and its `version`.
- `components`, in the order of `ids`: `id`, `recording`, `source_index`, `centroid_px`, and
  - `mask`: `levels` (50, 50) from `low` (0) to `high` (255);
  - `context`: the window's `top_px`, `left_px`, `side_px`; `images`, the best first, each with its
    `kind`, the place and the `levels` of what of it lies in the window, and `pixel_px`, the source
    pixels that one of its pixels stands for; `neighbours`, the nearest first;
  - `trace` (null where there is none): `length` in frames; the points to draw, at most 2,000 and
    with every peak: the `steps` in frames from one to the next, the first from frame 0, and the
    `levels` from `low` (0) to `high` (65535); the frames of the detected `transients`; `snr`;
  - `average`: `times` from the peak, `mean`, `spread` (a standard deviation), `count` of
    transients, `decay` to 1/e; in seconds, or in frames where the rate is unknown;
  - `most_alike`: the near `component` whose trace correlates most, and `r`.
- `contours` (with `context`), once for all windows: `components`, for each the points of its
  `lines`, and all `points` one after the other (points, 2); every line is closed.

No label and no prediction is in it.
"""

BUNDLE: dict[int | str, dict[str, object]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/components/views",
    tags=["components"],
    response_class=Response,
    responses={**BUNDLE, **NOT_MODIFIED, **responses(401, 404, 422)},
    description=DESCRIPTION,
)
def views(
    context: World,
    account: Caller,
    ids: Ids,
    parts: Parts = "mask,context,trace",
    images: Images = None,
    v: Version = None,
    if_none_match: IfNoneMatch = None,
    accept_encoding: AcceptEncoding = None,
) -> Response:
    """Masks, surroundings and traces of up to 144 components."""
    # Named twice, a component is still answered once.
    keys = list(dict.fromkeys(int(key) for key in ids.split(",")))
    wanted = frozenset(parts.split(","))
    kinds = None if images is None else set(images.split(",")) - {""}
    tag = f"{bundles.version(context, keys)}-{'-'.join(sorted(wanted))}"
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    body = bundles.views(context, keys, wanted, kinds)
    return cached(_packed(body, accept_encoding), tag, v)


@router.get(
    "/recordings/{recording}/summary",
    tags=["recordings"],
    response_class=Response,
    responses={**BUNDLE, **NOT_MODIFIED, **responses(401, 404, 422)},
)
def summary(
    context: World,
    account: Caller,
    recording: Annotated[int, Path(ge=1, le=2**31 - 1)],
    kind: Annotated[str, Query(max_length=20, pattern=NO_NUL, description="mean, max, ...")],
    v: Version = None,
    if_none_match: IfNoneMatch = None,
    accept_encoding: AcceptEncoding = None,
) -> Response:
    """One summary image of the whole field, packed as `GET /components/views` is: `kind`,
    `levels` (rows, columns) and `pixel_px`, the source pixels that one of its pixels stands for.
    """
    tag, body = bundles.field(context, recording, kind)
    if has(tag, if_none_match):
        return cached(Response(status_code=304), tag, v)
    return cached(_packed(body, accept_encoding), tag, v)


def _packed(body: bytes, accept_encoding: str | None) -> Response:
    response = Response(body, media_type=MEDIA_TYPE, headers={"Vary": "Accept-Encoding"})
    if _takes_gzip(accept_encoding):
        response.body = zlib.compress(body, 1, zlib.MAX_WBITS | 16)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response


def _takes_gzip(accept_encoding: str | None) -> bool:
    offers = [offer.split(";") for offer in (accept_encoding or "").replace(" ", "").split(",")]
    return any(name == "gzip" and weight != ["q=0"] for name, *weight in offers)
