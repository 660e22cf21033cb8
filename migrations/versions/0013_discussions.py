"""Discussions: components that two people settle together.

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-29 12:00:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table and the triggers that keep it append-only; a column for the second person."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    # A plain ALTER: the log's triggers refuse that it be copied, and its rows stay as they are.
    op.execute(
        "ALTER TABLE label_event ADD COLUMN settled_with INTEGER "
        "CONSTRAINT fk_label_event_settled_with REFERENCES labeler (id)"
    )
    op.create_table(
        "discussion_turn",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('raise', 'settle')", name="ck_discussion_turn_kind"),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name="fk_discussion_turn_component_id"
        ),
        sa.ForeignKeyConstraint(
            ["labeler_id"], ["labeler.id"], name="fk_discussion_turn_labeler_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_turn"),
        sa.UniqueConstraint("uuid", name="uq_discussion_turn_uuid"),
    )
    op.create_index("ix_discussion_component", "discussion_turn", ["component_id", "id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER discussion_turn_refuses_{verb.lower()} "
                f"BEFORE {verb} ON discussion_turn "
                "BEGIN SELECT RAISE(ABORT, 'discussion_turn is append-only'); END"
            )
        return
    # 0001 made the function for label_event.
    op.execute(
        "CREATE TRIGGER discussion_turn_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON discussion_turn FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove the table with its triggers, and the column."""
    op.drop_table("discussion_turn")
    op.drop_column("label_event", "settled_with")
