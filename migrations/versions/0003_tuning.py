"""Tuning: studies and their trials.

Revision ID: 0003
Revises: 0001
Create Date: 2026-11-24 11:20:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "tuning_study",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("space", sa.JSON(), nullable=True),
        sa.Column("objective", sa.String(length=30), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("snapshot_event_id", sa.BigInteger(), nullable=False),
        sa.Column("budget_minutes", sa.Float(), nullable=False),
        sa.Column("spent_seconds", sa.Float(), nullable=False),
        sa.Column("ticked_at", sa.DateTime(), nullable=True),
        sa.Column("importances", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["job.id"], name=op.f("fk_tuning_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuning_study")),
    )
    op.create_table(
        "tuning_trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("intermediate", sa.JSON(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("macro_f1", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_tuning_trial_job_id")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["tuning_study.id"], name=op.f("fk_tuning_trial_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuning_trial")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_tuning_trial_study_id")),
    )
    op.create_index("ix_tuning_trial_job", "tuning_trial", ["job_id", "attempt"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tuning_trial")
    op.drop_table("tuning_study")
