"""All of the REST contract under /api/v1."""

from app.web.api import (
    comparing,
    components,
    exporting,
    labeling,
    predictions,
    recordings,
    rounds,
    system,
    training,
    tuning,
)

# Tried in this order: what labelers call all day comes first, and `compare` before the run that its
# place could name. They are included in the application one beside the other: each level of
# routers within routers doubles the search for a route.
ROUTERS = tuple(
    part.router
    for part in (
        labeling, components, recordings, comparing, training, exporting, tuning, predictions,
        rounds, system,
    )
)  # fmt: skip
