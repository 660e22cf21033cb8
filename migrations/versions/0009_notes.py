"""Notes on components, and a labeler's own events by index.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-24 20:15:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table, the triggers that keep it append-only, and the index that undo walks."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "note",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["component_id"], ["component.id"], name="fk_note_component_id"),
        sa.ForeignKeyConstraint(["labeler_id"], ["labeler.id"], name="fk_note_labeler_id"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
        sa.UniqueConstraint("uuid", name="uq_note_uuid"),
    )
    op.create_index("ix_note_component", "note", ["component_id", "labeler_id", "id"])
    op.create_index("ix_event_labeler", "label_event", ["labeler_id", "id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER note_refuses_{verb.lower()} BEFORE {verb} ON note "
                "BEGIN SELECT RAISE(ABORT, 'note is append-only'); END"
            )
        return
    # 0001 made the function for label_event.
    op.execute(
        "CREATE TRIGGER note_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON note FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove the index, and the table with its triggers."""
    op.drop_index("ix_event_labeler", table_name="label_event")
    op.drop_table("note")
