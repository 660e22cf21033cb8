"""Selections, as REST takes and shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.actions.selecting import MOST_COMPONENTS
from app.web.api.schemas.values import Body, Key, Text


class SelectionIn(Body):
    components: list[Key] = Field(min_length=1, max_length=MOST_COMPONENTS)
    name: Text | None = Field(default=None, min_length=1, max_length=200)


class SelectionOut(BaseModel):
    id: int
    name: str | None
    components: list[int] = Field(description="in the order they were given")
    created_by: str
    created_at: datetime
    expires_at: datetime
