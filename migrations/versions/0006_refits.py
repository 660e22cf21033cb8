"""The queue's own entropy, which follows refits, beside what the run said.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 15:52:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES: dict[str, list[str]] = {"unanswered": [], "recording_unanswered": ["recording_id"]}


def upgrade() -> None:
    """Add the column, as the run sorted, and let the queue's two indexes be of it."""
    op.add_column("component_state", sa.Column("queue_entropy", sa.Float(), nullable=True))
    op.execute("UPDATE component_state SET queue_entropy = entropy WHERE entropy IS NOT NULL")
    replace_indexes("entropy", "queue_entropy")


def downgrade() -> None:
    """Remove it again."""
    replace_indexes("queue_entropy", "entropy")
    op.drop_column("component_state", "queue_entropy")


def replace_indexes(before: str, after: str) -> None:
    """The queue's indexes of one column in place of those of another."""
    for name, keys in INDEXES.items():
        op.drop_index(f"ix_state_{name}_{before}", table_name="component_state")
        op.create_index(
            f"ix_state_{name}_{after}",
            "component_state",
            [*keys, "people", after, "component_id"],
            sqlite_where=sa.text("people = 0"),
            postgresql_where=sa.text("people = 0"),
        )
