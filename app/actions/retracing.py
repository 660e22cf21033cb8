"""One's own steps, newest first: what undo walks back through, on whatever device they were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import NotFound
from app.storage import components, events, rounds


@dataclass(frozen=True)
class Step:
    """An answer or a skip that stands. What was answered is left out: it is asked again, blind."""

    id: UUID
    event: int
    component: int
    recording: int
    content_hash: str
    kind: Literal["label", "skip"]
    round: int | None
    created_at: datetime


def own_steps(
    context: Context, account: Account, round_id: int | None, before_event: int | None, limit: int
) -> list[Step]:
    """This labeler's steps in this round (None: outside rounds) before an event, newest first.

    Raises NotFound for an unknown round.
    """
    with context.database.read() as session:
        if round_id is not None and rounds.one(session, round_id) is None:
            raise NotFound("round", round_id)
        rows = events.standing_of(session, account.id, round_id, before_event, limit)
        found = components.places(session, sorted({row.component_id for row in rows}))
    return [
        Step(
            id=row.uuid,
            event=row.id,
            component=row.component_id,
            recording=found[row.component_id].recording_id,
            content_hash=found[row.component_id].content_hash,
            kind=row.kind,
            round=row.round_id,
            created_at=row.created_at,
        )
        for row in rows
    ]
