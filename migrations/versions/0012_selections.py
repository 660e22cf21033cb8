"""Components that somebody chose together.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-24 21:30:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables of selections."""
    op.create_table(
        "selection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["labeler_id"], ["labeler.id"], name="fk_selection_labeler_id"),
        sa.PrimaryKeyConstraint("id", name="pk_selection"),
        # An address that somebody kept must not lead to another's selection later.
        sqlite_autoincrement=True,
    )
    op.create_table(
        "selection_item",
        sa.Column("selection_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selection.id"], name="fk_selection_item_selection_id"
        ),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name="fk_selection_item_component_id"
        ),
        sa.PrimaryKeyConstraint("selection_id", "position", name="pk_selection_item"),
    )


def downgrade() -> None:
    """Remove them again."""
    op.drop_table("selection_item")
    op.drop_table("selection")
