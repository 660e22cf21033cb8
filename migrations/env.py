"""Runs migrations on the engine that app/storage/migrate.py hands over."""

from alembic import context

from app.storage.tables import Base

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        # One transaction for all steps: a failure leaves the schema where it was.
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
