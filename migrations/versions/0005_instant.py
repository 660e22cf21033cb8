"""Runs that go on from another, more orders of the queue, and the chance that a label is wrong.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24 12:50:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ORDERS = ("margin", "mutual_information", "dcal")


def upgrade() -> None:
    """Add the columns, and two indexes for each order of the queue."""
    # Plain ALTERs: a copy of a table of a million rows would take minutes.
    op.add_column("training_run", sa.Column("start_from", sa.Integer(), nullable=True))
    op.add_column("prediction", sa.Column("chance_wrong", sa.Float(), nullable=True))
    op.add_column("prediction", sa.Column("dcal", sa.Float(), nullable=True))
    for order in ORDERS:
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
    op.drop_column("prediction", "dcal")
    op.drop_column("prediction", "chance_wrong")
    op.drop_column("training_run", "start_from")
