"""Two more orders of the queue: unlike what is labeled, and undecided but unlike each other.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-24 17:40:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ORDERS = ("dal", "diverse")


def upgrade() -> None:
    """Add the columns, and two indexes for each order of the queue."""
    # Plain ALTERs: a copy of a table of a million rows would take minutes.
    for order in ORDERS:
        op.add_column("prediction", sa.Column(order, sa.Float(), nullable=True))
        op.add_column("component_state", sa.Column(order, sa.Float(), nullable=True))
        for name, keys in (("unanswered", []), ("recording_unanswered", ["recording_id"])):
            op.create_index(
                f"ix_state_{name}_{order}",
                "component_state",
                [*keys, "people", order, "component_id"],
                sqlite_where=sa.text("people = 0"),
                postgresql_where=sa.text("people = 0"),
            )


def downgrade() -> None:
    """Remove them again."""
    for order in ORDERS:
        for name in ("recording_unanswered", "unanswered"):
            op.drop_index(f"ix_state_{name}_{order}", table_name="component_state")
        op.drop_column("component_state", order)
        op.drop_column("prediction", order)
