"""Jobs and health, as REST shows them."""

from typing import Any, Literal

from pydantic import BaseModel

from app.web.api.schemas.values import JobState


class JobOut(BaseModel):
    """Background work that is not a training run (loading the demo, scoring a recording)."""

    id: int
    kind: str
    state: JobState
    progress: dict[str, Any]
    error: str | None


class Health(BaseModel):
    status: Literal["ok"]
    database: Literal["sqlite", "postgresql"]
    worker: Literal["alive", "absent"]
    version: str
