"""The classes' criteria and examples, as admins choose them.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-29 12:00:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make both tables, and the triggers that keep them append-only."""
    op.create_table(
        "class_definition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("label BETWEEN 1 AND 4", name="ck_class_definition_label_code"),
        sa.ForeignKeyConstraint(
            ["labeler_id"], ["labeler.id"], name="fk_class_definition_labeler_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_class_definition"),
    )
    op.create_index("ix_definition_label", "class_definition", ["label", "id"])
    op.create_table(
        "example_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name="fk_example_choice_component_id"
        ),
        sa.ForeignKeyConstraint(
            ["labeler_id"], ["labeler.id"], name="fk_example_choice_labeler_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_example_choice"),
    )
    op.create_index("ix_example_component", "example_choice", ["component_id", "id"])
    for table in ("class_definition", "example_choice"):
        refuse_changes(table)


def downgrade() -> None:
    """Remove the tables, and their triggers with them."""
    op.drop_table("example_choice")
    op.drop_table("class_definition")


def refuse_changes(table: str) -> None:
    """Keep a table append-only."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    # 0001 made the function for label_event.
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
