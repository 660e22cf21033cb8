"""All pages."""

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

ROUTERS = tuple(
    part.router
    for part in (
        entry, overview, recordings, desk, components, rounds, comparing, runs, people, account
    )
)  # fmt: skip
