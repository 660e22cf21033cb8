"""All pages."""

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
)

ROUTERS = tuple(
    part.router
    for part in (entry, overview, recordings, desk, components, rounds, runs, people, account)
)
