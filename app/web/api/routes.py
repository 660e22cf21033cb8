"""All of the REST contract under /api/v1."""

from fastapi import APIRouter

from app.web.api import (
    comparing,
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
# Routes are tried in this order: what labelers call all day comes first, and `compare` before
# the run that its place could name.
for part in (
    labeling,
    components,
    recordings,
    comparing,
    training,
    predictions,
    rounds,
    system,
):
    router.include_router(part.router)
