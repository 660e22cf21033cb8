"""All of the REST contract under /api/v1."""

from app.web.api import (
    components,
    labeling,
    predictions,
    recordings,
    rounds,
    system,
    training,
)

# Tried in this order: what labelers call all day comes first. They are included in the application
# one beside the other: each level of routers within routers doubles the search for a route.
ROUTERS = tuple(
    part.router
    for part in (labeling, components, recordings, training, predictions, rounds, system)
)
