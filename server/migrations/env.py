"""What Alembic runs: the revisions over the connection that `server.database` hands in, inside its
transaction.

There is no offline mode and no ini file; a database is only ever migrated by the program that will use it.
"""

from alembic import context

from server.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column in place; Alembic then copies the table.
    render_as_batch=True,
    on_version_apply=context.config.attributes["applied"],
)
with context.begin_transaction():
    context.run_migrations()
