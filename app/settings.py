"""Every setting, in one frozen object. Read from the environment (`SOMATA_...`) or `.env`."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a lab may set. docs/settings.md lists each; a test fails when one is missing there."""

    model_config = SettingsConfigDict(
        env_prefix="SOMATA_", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        Path("data"), description="Folder of the database, the job queue and the lock."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL, e.g. postgresql+psycopg://user:password@host/somata."
    )
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the web server listens on.")
    public_url: str | None = Field(
        None, description="Address that people reach Somata at, where a proxy stands in front."
    )
    max_upload_mb: int = Field(
        2048, ge=1, description="Largest upload, in MB; also of a zip unpacked (x4)."
    )
    secret_key: str | None = Field(
        None, min_length=32, description="Signs sessions. Made once and kept in the data folder."
    )
    session_days: int = Field(30, ge=1, le=3650, description="How long a sign-in lasts, in days.")
    invite_hours: int = Field(
        72, ge=1, le=10_000, description="How long an invite link works, in hours."
    )
    lease_minutes: float = Field(
        15.0,
        gt=0,
        le=100_000,
        description="How long a component stays promised to a labeler, in minutes.",
    )
    worker_threads: int = Field(0, ge=0, description="CPU threads for training; 0 takes all cores.")
    worker_niceness: int = Field(
        15, ge=0, le=19, description="How far the worker steps back for the web server."
    )
    stale_seconds: float = Field(
        30.0,
        gt=0,
        le=86_400,
        description="A job whose worker is silent this long, in seconds, is taken away.",
    )
    predict_timeout_seconds: float = Field(
        60.0,
        gt=0,
        le=86_400,
        description="How long POST /predict waits for the worker, in seconds.",
    )
    retrain_after_labels: int = Field(
        0, ge=0, description="Train by itself after this many new labels; 0 leaves it to admins."
    )
    retrain_quiet_minutes: float = Field(
        5.0,
        ge=0,
        le=100_000,
        description="Wait, in minutes without a label, before training by itself.",
    )
    refit_after_labels: int = Field(
        10, ge=0, description="Order the queue anew after this many new labels; 0 leaves it alone."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("log_level")
    @classmethod
    def known_level(cls, value: str) -> str:
        """Refuse a level that logging does not know."""
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("database_url")
    @classmethod
    def known_database(cls, value: str | None) -> str | None:
        """Refuse an engine or driver that Somata does not come with."""
        if value is not None and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use postgresql+psycopg://user:password@host/name")
        return value

    @property
    def url(self) -> str:
        """The database: PostgreSQL where it is set, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'somata.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.url.startswith("sqlite")

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload, in bytes."""
        return self.max_upload_mb * 1_000_000
