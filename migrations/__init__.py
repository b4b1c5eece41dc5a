"""Alembic's migrations: `alembic upgrade head`, or `upgrade` below for a process that brings its own engine."""
