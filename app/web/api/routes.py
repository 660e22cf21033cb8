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
)
from app.web.api.present import API

router = APIRouter(prefix=API)
for part in (recordings, components, labeling, training, predictions, rounds, system):
    router.include_router(part.router)
