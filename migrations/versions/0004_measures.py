"""What the classifier measured, and more about each prediction.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24 12:10:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table of measures; predictions get their fold and their mutual information."""
    op.create_table(
        "component_measures",
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("measures", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name="fk_component_measures_component_id"
        ),
        sa.PrimaryKeyConstraint("component_id", name="pk_component_measures"),
    )
    # Plain ALTERs: a copy of a table of a million predictions would take minutes.
    op.add_column("prediction", sa.Column("fold", sa.SmallInteger(), nullable=True))
    op.add_column("prediction", sa.Column("mutual_information", sa.Float(), nullable=True))


def downgrade() -> None:
    """Remove them again."""
    op.drop_column("prediction", "mutual_information")
    op.drop_column("prediction", "fold")
    op.drop_table("component_measures")
