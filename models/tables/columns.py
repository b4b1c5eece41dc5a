"""Kinds of columns that tables share."""

import sqlalchemy as sa

INSTANT = sa.DateTime(timezone=True)
"""An instant, with its zone: never a naive one."""
