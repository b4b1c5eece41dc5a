"""Kinds of columns and indexes that tables share."""

from typing import Any

import sqlalchemy as sa

INSTANT = sa.DateTime(timezone=True)
"""An instant, with its zone: never a naive one."""


def index(name: str, *columns: str, serves: str, where: str | None = None, brin_pages: int | None = None) -> sa.Index:
    """An index with the query that it serves; of some rows alone where it has a condition.

    A column may be an expression, such as `priority DESC`. `brin_pages` makes it a BRIN index of ranges of so many.
    """
    parts = [column if column.isidentifier() else sa.text(column) for column in columns]
    options: dict[str, Any] = {} if where is None else {"postgresql_where": sa.text(where)}
    if brin_pages is not None:
        options |= {"postgresql_using": "brin", "postgresql_with": {"pages_per_range": brin_pages}}
    return sa.Index(name, *parts, info={"serves": serves}, **options)
