"""The queue's indexes for second opinions.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-24 20:20:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES: dict[str, list[str]] = {
    "ix_state_answered_once_shuffle": [],
    "ix_state_recording_answered_once_shuffle": ["recording_id"],
}


def upgrade() -> None:
    """Add them."""
    for name, keys in INDEXES.items():
        op.create_index(
            name,
            "component_state",
            [*keys, "people", "shuffle", "component_id"],
            sqlite_where=sa.text("people = 1"),
            postgresql_where=sa.text("people = 1"),
        )


def downgrade() -> None:
    """Remove them again."""
    for name in INDEXES:
        op.drop_index(name, table_name="component_state")
