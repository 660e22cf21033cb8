"""All of the REST contract under /api/v1."""

from app.web.api import (
    comparing,
    components,
    definitions,
    discussions,
    exporting,
    labeling,
    looks_like,
    mapping,
    predictions,
    recordings,
    rounds,
    selections,
    system,
    training,
    tuning,
    views,
)

# Tried in this order: what labelers call all day comes first, and `views` and `compare` before the
# component and the run that their places could name. They are included in the application one
# beside the other: each level of routers within routers doubles the search for a route.
ROUTERS = tuple(
    part.router
    for part in (
        labeling, views, components, looks_like, recordings, comparing, training, exporting, tuning,
        predictions, rounds, discussions, mapping, selections, definitions, system,
    )
)  # fmt: skip
