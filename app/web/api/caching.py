"""Answers that never change: what a browser keeps, and for how long."""

from typing import Annotated

from fastapi import Header, Query, Response

VERSION_LENGTH = 16
"""How much of a content hash stands in an address, in characters."""

Version = Annotated[str | None, Query(max_length=64, description="what the cache keeps it by")]
IfNoneMatch = Annotated[str | None, Header()]

NOT_MODIFIED: dict[int | str, dict[str, object]] = {304: {"description": "Yours is current."}}


def has(tag: str, if_none_match: str | None) -> bool:
    """Whether what the client has is this very content."""
    # A proxy may join several tags, or mark ours as weak when it compresses.
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    return not known.isdisjoint({f'"{tag}"', "*"})


def cached(response: Response, tag: str, version: str | None) -> Response:
    """Immutable where the address names this very content; else asked again each time."""
    response.headers["ETag"] = f'"{tag}"'
    named = version is not None and len(version) >= VERSION_LENGTH
    immutable = named and tag.startswith(version or "")
    response.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if immutable else "private, no-cache"
    )
    return response
