"""All pages."""

from fastapi import APIRouter

from app.web.pages import (
    account,
    comparing,
    components,
    desk,
    entry,
    overview,
    people,
    recordings,
    rounds,
    runs,
)

router = APIRouter(include_in_schema=False)
for part in (
    entry,
    overview,
    recordings,
    desk,
    components,
    rounds,
    comparing,
    runs,
    people,
    account,
):
    router.include_router(part.router)
