"""All pages."""

from fastapi import APIRouter

from app.web.pages import (
    account,
    components,
    desk,
    entry,
    overview,
    people,
    recordings,
    rounds,
    runs,
    tuning,
)

router = APIRouter(include_in_schema=False)
for part in (entry, overview, recordings, desk, components, rounds, runs, tuning, people, account):
    router.include_router(part.router)
