"""Runs migrations on the engine that app/storage/migrate.py hands over."""

from alembic import context
from sqlalchemy import text

from app.storage.database import MIGRATION_LOCK
from app.storage.tables import Base

engine = context.config.attributes["engine"]

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
    with context.begin_transaction():
        if engine.dialect.name == "postgresql":
            # Web and worker may start at once; the second one waits and finds nothing to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()
    connection.commit()
