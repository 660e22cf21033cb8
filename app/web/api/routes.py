"""All of the REST contract under /api/v1."""

from fastapi import APIRouter

from app.web.api import (
    components,
    labeling,
    predictions,
    recordings,
    rounds,
    system,
    training,
    tuning,
)
from app.web.api.present import API

router = APIRouter(prefix=API)
# Routes are tried in this order: what labelers call all day comes first.
for part in (labeling, components, recordings, training, tuning, predictions, rounds, system):
    router.include_router(part.router)
