"""What alembic runs: one transaction per migration, on the engine of the settings or on a connection given to it."""

import sqlalchemy as sa
from alembic import context

from config.database import make_engine
from config.settings import settings_or_exit
from models.tables import metadata


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables  # partitions come and go by the month


def _run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=True, include_name=_is_ours
    )
    with context.begin_transaction():
        context.run_migrations()


def _run_on_engine() -> None:
    database = settings_or_exit("database.url").database
    engine = make_engine(database, pool_size=1, application="release")
    with engine.connect() as connection:
        _run(connection)
    engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    _run_on_engine()
