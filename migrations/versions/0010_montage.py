"""The montage: how sure runs are, from where on, labels that were given there; a better cue.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-24 21:20:00.000000
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.domain.cues import trace_snr
from app.domain.process_cue import process_likeness
from app.storage.columns import unpack_array

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES: dict[str, list[str]] = {"ix_state_sure": [], "ix_state_recording_sure": ["recording_id"]}
BATCH = 200


def upgrade() -> None:
    """Add columns, indexes and the setting; measure the process cue of what is stored anew."""
    # Plain ALTERs: the log's triggers refuse that it be copied, and its rows stay as they are.
    op.add_column("label_event", sa.Column("montage", sa.SmallInteger(), nullable=True))
    op.create_index(
        "ix_event_montage",
        "label_event",
        ["component_id"],
        sqlite_where=sa.text("montage IS NOT NULL"),
        postgresql_where=sa.text("montage IS NOT NULL"),
    )
    op.add_column("component_state", sa.Column("confidence", sa.Float(), nullable=True))
    op.execute(
        "UPDATE component_state SET confidence = (SELECT CASE predicted "
        "WHEN 1 THEN p1 WHEN 2 THEN p2 WHEN 3 THEN p3 WHEN 4 THEN p4 END "
        "FROM prediction WHERE prediction.run_id = component_state.run_id "
        "AND prediction.component_id = component_state.component_id) WHERE run_id IS NOT NULL"
    )
    for name, keys in INDEXES.items():
        op.create_index(
            name,
            "component_state",
            [*keys, "people", "predicted", "confidence", "component_id"],
            sqlite_where=sa.text("people = 0"),
            postgresql_where=sa.text("people = 0"),
        )
    op.create_table(
        "montage_setting",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("cue", sa.Float(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), sa.ForeignKey("labeler.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
    )
    measure_again()


def downgrade() -> None:
    """Remove them again; the cue stays as it was measured last."""
    op.drop_table("montage_setting")
    for name in INDEXES:
        op.drop_index(name, table_name="component_state")
    op.drop_column("component_state", "confidence")
    op.drop_index("ix_event_montage", table_name="label_event")
    op.drop_column("label_event", "montage")


def measure_again() -> None:
    """The process cue of every stored component, some at a time."""
    connection = op.get_bind()
    read = sa.text(
        "SELECT component_id, mask, trace FROM component_arrays WHERE component_id > :after "
        "ORDER BY component_id LIMIT :batch"
    )
    write = sa.text("UPDATE component_state SET cue_process = :cue WHERE component_id = :key")
    after = 0
    while rows := connection.execute(read, {"after": after, "batch": BATCH}).all():
        after = rows[-1].component_id
        connection.execute(write, [{"key": row.component_id, "cue": _cue(row)} for row in rows])


def _cue(row: sa.Row[tuple[int, bytes, bytes | None]]) -> float:
    snr = None if row.trace is None else trace_snr(unpack_array(row.trace)[None])
    return float(process_likeness(unpack_array(row.mask)[None], snr)[0])
