"""Which run serves predictions, as the choices that admins made.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 10:55:12.402113
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table, and the triggers that keep it append-only."""
    op.create_table(
        "promotion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("labeler_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["labeler_id"], ["labeler.id"], name="fk_promotion_labeler_id"),
        sa.ForeignKeyConstraint(["run_id"], ["training_run.id"], name="fk_promotion_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_promotion"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER promotion_refuses_{verb.lower()} BEFORE {verb} ON promotion "
                "BEGIN SELECT RAISE(ABORT, 'promotion is append-only'); END"
            )
        return
    # 0001 made the function for label_event.
    op.execute(
        "CREATE TRIGGER promotion_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON promotion FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove the table and its triggers with it."""
    op.drop_table("promotion")
