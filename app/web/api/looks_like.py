"""`/components/{component}/looks-like`: what it looks most like, class by class."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from app.actions import looks_like
from app.web.access import Caller, World
from app.web.api import present
from app.web.api.schemas.discussions import AlikeOut, LooksLikeClass, LooksLikeOut
from app.web.problems import responses

router = APIRouter(prefix="/components", tags=["components"])

ComponentId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Code = Annotated[int, Field(ge=1, le=4)]


@router.get("/{component}/looks-like", responses=responses(401, 403, 404, 422))
def looks_like_it(
    context: World,
    account: Caller,
    component: ComponentId,
    classes: Annotated[list[Code], Query(min_length=1, max_length=4)],
) -> LooksLikeOut:
    """What it looks most like: for each class asked for, three components that are labeled so.

    For a labeler who has answered it, of what they have answered; for an admin of all but what an
    open round may still ask them. Empty until the run in use has embedded it.
    """
    found = looks_like.shown_to(context, account, component, classes)
    return LooksLikeOut(
        component=component,
        classes=[
            LooksLikeClass(label=code, nearest=[_alike(one) for one in some])
            for code, some in found.items()
        ],
    )


def _alike(one: looks_like.Shown) -> AlikeOut:
    return AlikeOut(
        component=one.component,
        distance=one.distance,
        urls=present.urls(one.component, one.content_hash),
    )
