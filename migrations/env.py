"""Runs migrations on the engine that app/storage/migrate.py hands over."""

from alembic import context
from sqlalchemy import Connection, text

from app.storage.database import MIGRATION_LOCK
from app.storage.tables import Base

engine = context.config.attributes["engine"]


def keep_references(connection: Connection, on: bool) -> None:
    """Switch SQLite's foreign keys, which works outside a transaction only.

    To change a table SQLite copies it and drops the old one, and dropping what others refer to
    is refused, or empties them, while the keys are kept.
    """
    raw = connection.connection.dbapi_connection
    if engine.dialect.name == "sqlite" and raw is not None:
        raw.cursor().execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def check_references(connection: Connection) -> None:
    """Raises ValueError where a migration left a row that refers to nothing."""
    if engine.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise ValueError(f"table {broken[0]} would refer to rows of {broken[2]} that are gone")


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        # Ours is on SQLite too: storage/database.py begins transactions itself.
        transactional_ddl=True,
        # One transaction for all steps: a failure leaves the schema where it was.
        transaction_per_migration=False,
    )
    keep_references(connection, on=False)
    try:
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                # Web and worker may start at once; the second waits and finds nothing to do.
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": MIGRATION_LOCK})
            context.run_migrations()
            check_references(connection)
        connection.commit()
    finally:
        connection.rollback()
        keep_references(connection, on=True)
