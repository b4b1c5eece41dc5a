"""SQL of the search for words of errors, beyond the newest: by trigrams, where PostgreSQL has them (`pg_trgm`)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

INDEX = "runs_error_words"
WORDS = "lower(coalesce(error_type, '') || ': ' || coalesce(error_message, ''))"
"""What is searched, as the index has it."""

FEWEST_CHARACTERS = 3
"""Of fewer there is no trigram."""

PATIENCE_MILLISECONDS = 200
"""Words that very many have, and none of the newest, take longer: then the search stops where it was."""

_IS_THERE = f"SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('{INDEX}') AND indisvalid"
_ESCAPED = r"replace(replace(replace(lower(%(error)s), '\', '\\'), '%%', '\%%'), '_', '\_')"


def find_errors(
    connection: sa.Connection, conditions: Sequence[str], given: Mapping[str, Any], before: UUID, limit: int
) -> list[UUID] | None:
    """The newest runs whose error has the words `error`, of those before a run and under the conditions.

    None where that can't be told: there is no such index, the text is too short, or it takes too long.
    """
    if len(given["error"]) < FEWEST_CHARACTERS or not connection.exec_driver_sql(_IS_THERE).scalar_one():
        return None
    where = " AND ".join(["error_type IS NOT NULL", f"{WORDS} LIKE '%%' || {_ESCAPED} || '%%'", *conditions])
    # OFFSET 0: it is the trigrams that are to find them, not a look at all in their order.
    statement = f"""
SELECT id FROM (SELECT id FROM runs WHERE id < %(found_before)s AND {where} OFFSET 0) f
ORDER BY id DESC LIMIT %(found_limit)s"""
    with connection.begin_nested() as attempt:
        try:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {PATIENCE_MILLISECONDS}")
            parameters = {**given, "found_before": before, "found_limit": limit}
            return list(connection.exec_driver_sql(statement, parameters).scalars().all())
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.QueryCanceled):
                raise
            return None
        finally:
            attempt.rollback()
