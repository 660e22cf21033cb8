"""The first schema.

Revision ID: 0001
Revises: nothing
Create Date: 2026-11-22 18:54:41.649186
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


TABLES = (
    "round_item",
    "lease",
    "label_event",
    "round",
    "prediction",
    "component_state",
    "component_arrays",
    "training_run",
    "summary_image",
    "component",
    "recording",
    "job",
    "api_token",
    "worker_beat",
    "labeler",
)


def upgrade() -> None:
    """Make every table, and the triggers that keep the log append-only."""
    op.create_table(
        "labeler",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("person", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("invite_hash", sa.String(length=64), nullable=True),
        sa.Column("invite_expires_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labeler")),
        sa.UniqueConstraint("invite_hash", name=op.f("uq_labeler_invite_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_labeler_name")),
    )
    op.create_table(
        "worker_beat",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_beat")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["labeler_id"], ["labeler.id"], name=op.f("fk_api_token_labeler_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index("ix_api_token_labeler_id", "api_token", ["labeler_id"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("request_bytes", sa.LargeBinary(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("result_bytes", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["labeler.id"], name=op.f("fk_job_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_state", "job", ["state", "kind", "id"], unique=False)

    op.create_table(
        "recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("source_format", sa.String(length=40), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("components", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=True),
        sa.Column("frame_rate_hz", sa.Float(), nullable=True),
        sa.Column("field_height_px", sa.Integer(), nullable=True),
        sa.Column("field_width_px", sa.Integer(), nullable=True),
        sa.Column("neuron_radius_px", sa.Float(), nullable=True),
        sa.Column("mask_scale", sa.Float(), nullable=False),
        sa.Column("rejected", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=True),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_by"], ["labeler.id"], name=op.f("fk_recording_imported_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_recording_content_hash")),
    )
    op.create_table(
        "component",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("source_index", sa.Integer(), nullable=False),
        sa.Column("centroid_y_px", sa.Float(), nullable=False),
        sa.Column("centroid_x_px", sa.Float(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_component_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component")),
        sa.UniqueConstraint("recording_id", "source_index", name=op.f("uq_component_recording_id")),
    )
    op.create_index(
        "ix_component_place",
        "component",
        ["recording_id", "centroid_y_px", "centroid_x_px"],
        unique=False,
    )

    op.create_table(
        "summary_image",
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_summary_image_recording_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", "kind", name=op.f("pk_summary_image")),
    )
    op.create_table(
        "training_run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("snapshot_event_id", sa.BigInteger(), nullable=True),
        sa.Column("labels", sa.Integer(), nullable=True),
        sa.Column("environment", sa.JSON(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=True),
        sa.Column("weights", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["job.id"], name=op.f("fk_training_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_run")),
    )
    op.create_table(
        "component_arrays",
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("mask", sa.LargeBinary(), nullable=False),
        sa.Column("trace", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_component_arrays_component_id")
        ),
        sa.PrimaryKeyConstraint("component_id", name=op.f("pk_component_arrays")),
    )
    op.create_table(
        "component_state",
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("people", sa.SmallInteger(), nullable=False),
        sa.Column("disagreement", sa.Boolean(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("predicted", sa.SmallInteger(), nullable=True),
        sa.Column("entropy", sa.Float(), nullable=True),
        sa.Column("quality", sa.Float(), nullable=True),
        sa.Column("cue_process", sa.Float(), nullable=False),
        sa.Column("cue_donut", sa.Float(), nullable=False),
        sa.Column("cue_snr", sa.Float(), nullable=True),
        sa.Column("shuffle", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_component_state_component_id")
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_component_state_recording_id")
        ),
        sa.PrimaryKeyConstraint("component_id", name=op.f("pk_component_state")),
    )
    op.create_index(
        "ix_state_counts", "component_state", ["recording_id", "label", "people"], unique=False
    )
    op.create_index(
        "ix_state_cue_process", "component_state", ["cue_process", "component_id"], unique=False
    )
    op.create_index(
        "ix_state_entropy", "component_state", ["entropy", "component_id"], unique=False
    )
    op.create_index(
        "ix_state_quality", "component_state", ["quality", "component_id"], unique=False
    )
    op.create_index(
        "ix_state_recording_cue_process",
        "component_state",
        ["recording_id", "cue_process", "component_id"],
        unique=False,
    )
    op.create_index(
        "ix_state_recording_component_id",
        "component_state",
        ["recording_id", "component_id"],
        unique=False,
    )
    op.create_index(
        "ix_state_recording_entropy",
        "component_state",
        ["recording_id", "entropy", "component_id"],
        unique=False,
    )
    op.create_index(
        "ix_state_recording_quality",
        "component_state",
        ["recording_id", "quality", "component_id"],
        unique=False,
    )
    op.create_index(
        "ix_state_recording_unanswered_component_id",
        "component_state",
        ["recording_id", "people", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_recording_unanswered_cue_process",
        "component_state",
        ["recording_id", "people", "cue_process", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_recording_unanswered_entropy",
        "component_state",
        ["recording_id", "people", "entropy", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_recording_unanswered_shuffle",
        "component_state",
        ["recording_id", "people", "shuffle", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_unanswered_component_id",
        "component_state",
        ["people", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_unanswered_cue_process",
        "component_state",
        ["people", "cue_process", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_unanswered_entropy",
        "component_state",
        ["people", "entropy", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )
    op.create_index(
        "ix_state_unanswered_shuffle",
        "component_state",
        ["people", "shuffle", "component_id"],
        unique=False,
        sqlite_where=sa.text("people = 0"),
        postgresql_where=sa.text("people = 0"),
    )

    op.create_table(
        "prediction",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("p1", sa.Float(), nullable=False),
        sa.Column("p2", sa.Float(), nullable=False),
        sa.Column("p3", sa.Float(), nullable=False),
        sa.Column("p4", sa.Float(), nullable=False),
        sa.Column("entropy", sa.Float(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=True),
        sa.Column("trained_label", sa.SmallInteger(), nullable=True),
        sa.Column("out_of_fold", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_prediction_component_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["training_run.id"], name=op.f("fk_prediction_run_id")),
        sa.PrimaryKeyConstraint("run_id", "component_id", name=op.f("pk_prediction")),
    )
    op.create_index(
        "ix_prediction_component", "prediction", ["component_id", "run_id"], unique=False
    )

    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("order_by", sa.String(length=10), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["labeler.id"], name=op.f("fk_round_created_by")),
        sa.ForeignKeyConstraint(["run_id"], ["training_run.id"], name=op.f("fk_round_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
    )
    op.create_table(
        "label_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'label') = (label IS NOT NULL)", name=op.f("ck_label_event_label_iff_label")
        ),
        sa.CheckConstraint(
            "(kind = 'undo') = (undoes IS NOT NULL)", name=op.f("ck_label_event_undoes_iff_undo")
        ),
        sa.CheckConstraint("label BETWEEN 1 AND 4", name=op.f("ck_label_event_label_code")),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_label_event_component_id")
        ),
        sa.ForeignKeyConstraint(
            ["labeler_id"], ["labeler.id"], name=op.f("fk_label_event_labeler_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_label_event_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_event")),
        sa.UniqueConstraint("undoes", name=op.f("uq_label_event_undoes")),
        sa.UniqueConstraint("uuid", name=op.f("uq_label_event_uuid")),
    )
    op.create_index(
        "ix_event_component", "label_event", ["component_id", "labeler_id", "id"], unique=False
    )
    op.create_index(
        "ix_event_round",
        "label_event",
        ["round_id", "component_id"],
        unique=False,
        sqlite_where=sa.text("round_id IS NOT NULL"),
        postgresql_where=sa.text("round_id IS NOT NULL"),
    )

    op.create_table(
        "lease",
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("labeler_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("strategy", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_lease_component_id")
        ),
        sa.ForeignKeyConstraint(["labeler_id"], ["labeler.id"], name=op.f("fk_lease_labeler_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_lease_round_id")),
        sa.PrimaryKeyConstraint("component_id", name=op.f("pk_lease")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lease_uuid")),
    )
    op.create_index("ix_lease_expires_at", "lease", ["expires_at"], unique=False)
    op.create_index("ix_lease_labeler_id", "lease", ["labeler_id"], unique=False)

    op.create_table(
        "round_item",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("label_before", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_round_item_component_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_item_round_id")),
        sa.PrimaryKeyConstraint("round_id", "position", name=op.f("pk_round_item")),
        sa.UniqueConstraint("round_id", "component_id", name=op.f("uq_round_item_round_id")),
    )
    _make_append_only()


def _make_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER label_event_refuses_{verb.lower()} BEFORE {verb} ON label_event "
                "BEGIN SELECT RAISE(ABORT, 'label_event is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER label_event_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON label_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove every table, newest first."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS refuse_change() CASCADE")
    for table in TABLES:
        op.drop_table(table)
