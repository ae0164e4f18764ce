"""Alembic's door: the engine and the metadata are the application's."""

from __future__ import annotations

from alembic import context
from flask import current_app


def run() -> None:
    """Migrate over one connection, in one transaction where the database can."""
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
