"""What was put up for discussion by mistake can be taken off the list.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-29 16:00:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table and the triggers that keep it append-only."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "discussion_withdrawal",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("turn_id", key, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["discussion_turn.id"], name="fk_discussion_withdrawal_turn_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_withdrawal"),
        sa.UniqueConstraint("uuid", name="uq_discussion_withdrawal_uuid"),
        sa.UniqueConstraint("turn_id", name="uq_discussion_withdrawal_turn_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER discussion_withdrawal_refuses_{verb.lower()} "
                f"BEFORE {verb} ON discussion_withdrawal "
                "BEGIN SELECT RAISE(ABORT, 'discussion_withdrawal is append-only'); END"
            )
        return
    # 0001 made the function for label_event.
    op.execute(
        "CREATE TRIGGER discussion_withdrawal_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON discussion_withdrawal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove the table, and its triggers with it."""
    op.drop_table("discussion_withdrawal")
