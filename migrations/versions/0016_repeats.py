"""A training run can repeat an earlier one.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-30 07:40:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column: no run so far repeats another."""
    op.add_column("training_run", sa.Column("repeats", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Remove it again."""
    op.drop_column("training_run", "repeats")
