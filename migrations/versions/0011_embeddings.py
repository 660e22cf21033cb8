"""What the networks see of each component, and its place on the map.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-24 21:15:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables of embeddings."""
    op.create_table(
        "embedding_space",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("laid_out", sa.Integer(), nullable=False),
        sa.Column("components", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["training_run.id"], name="fk_embedding_space_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_embedding_space"),
        # A key that is used once only: what is kept of a space is kept under its key.
        sqlite_autoincrement=True,
    )
    op.create_table(
        "embedding",
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["embedding_space.id"], name="fk_embedding_space_id"),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name="fk_embedding_component_id"
        ),
        sa.PrimaryKeyConstraint("space_id", "component_id", name="pk_embedding"),
    )


def downgrade() -> None:
    """Remove them again."""
    op.drop_table("embedding")
    op.drop_table("embedding_space")
