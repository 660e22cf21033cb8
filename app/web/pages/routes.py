"""All pages."""

from app.web.pages import (
    account,
    comparing,
    components,
    definitions,
    desk,
    discuss,
    entry,
    mapping,
    montage,
    overview,
    people,
    recordings,
    rounds,
    runs,
    tuning,
)

ROUTERS = tuple(
    part.router
    for part in (
        entry, overview, recordings, desk, montage, components, mapping, rounds, discuss, comparing,
        definitions, runs, tuning, people, account,
    )
)  # fmt: skip
