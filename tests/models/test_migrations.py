"""The migrations make what the models say, and can be undone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from models.sql.clock import read_clock
from models.tables import metadata
from models.words.ids import new_run_id
from tests.end_to_end.deployment import ROOT
from tests.models.releasing import alembic
from tests.models.rows import add_run, sqlalchemy_url

# Partitions and alembic's own table are not in the models.
OURS = """
    c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname NOT LIKE 'alembic%%'
"""
COLUMNS = f"""
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS} ORDER BY 1, a.attnum
"""
CONSTRAINTS = f"""
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE {OURS} ORDER BY 1, 2
"""
# Where `pg_trgm` can't be made there is no index of words, so it is not in the models.
INDEXES = f"""
SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class c
WHERE c.relkind IN ('i', 'I') AND {OURS} AND c.relname NOT LIKE 'runs_error_words%%' ORDER BY 1
"""
PARTITIONED = f"SELECT c.relname, pg_get_partkeydef(c.oid) FROM pg_class c WHERE c.relkind = 'p' AND {OURS} ORDER BY 1"


def catalogue(url: str) -> dict[str, list[Any]]:
    with psycopg.connect(url) as connection:
        queries = {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES, "partitioned": PARTITIONED}
        return {name: connection.execute(query.replace("%%", "%")).fetchall() for name, query in queries.items()}


def test_the_migrations_make_what_the_models_say(database_url: str, empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url.replace("postgresql://", "postgresql+psycopg://"))
    metadata.create_all(engine)
    engine.dispose()
    migrated, modelled = catalogue(database_url), catalogue(empty_database_url)
    assert migrated["columns"]
    assert migrated["constraints"]
    for kind in migrated:
        assert migrated[kind] == modelled[kind]


@pytest.fixture
def modest_url(empty_database_url: str) -> Iterator[str]:
    """An empty database, as a role that may make tables there and no extensions."""
    role = f"modest_{uuid4().hex}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
        connection.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        parts = urlsplit(empty_database_url)
        yield parts._replace(netloc=f"{role}:{role}@{parts.hostname}:{parts.port}").geturl()
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


def test_where_no_extension_may_be_made_all_but_its_index_is_there(modest_url: str, database_url: str) -> None:
    alembic(modest_url, "upgrade", "head")
    with psycopg.connect(modest_url) as connection:
        assert connection.execute("SELECT to_regclass('runs_error_words')").fetchone() == (None,)
    made, whole = catalogue(modest_url), catalogue(database_url)
    assert [row[:2] for row in made["columns"]] == [row[:2] for row in whole["columns"]]
    assert len(made["indexes"]) == len(whole["indexes"])


def test_every_index_says_which_query_it_serves(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for table in metadata.tables.values():
            for index in table.indexes:
                comment = connection.execute(
                    "SELECT obj_description(%s::regclass, 'pg_class')", [index.name]
                ).fetchone()
                assert comment == (index.info["serves"],)


def test_the_migrations_can_be_undone_and_done_again(database_url: str) -> None:
    before = catalogue(database_url)
    for command in (["downgrade", "base"], ["upgrade", "head"]):
        environment = {**os.environ, "DATABASE_URL": database_url}
        subprocess.run([sys.executable, "-m", "alembic", *command], cwd=ROOT, env=environment, check=True, timeout=60)
        if command[0] == "downgrade":
            assert not any(catalogue(database_url).values())
    assert catalogue(database_url) == before


def test_months_ahead_have_their_partitions_and_making_them_again_changes_nothing(database_url: str) -> None:
    count = "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'"
    with psycopg.connect(database_url) as connection:
        before = connection.execute(count).fetchone()
        connection.execute("SELECT callsheet_make_partitions(2)")
        assert connection.execute(count).fetchone() == before
        connection.execute("SELECT callsheet_make_partitions(5)")
        after = connection.execute(count).fetchone()
    assert before is not None
    assert after is not None
    assert after[0] == before[0] + 2 * 3


def test_rows_that_came_before_their_months_partition_move_into_it(database_url: str) -> None:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    with engine.begin() as connection:
        now = read_clock(connection)
        later = add_run(connection, id=new_run_id(now + timedelta(days=150)))
        connection.exec_driver_sql("SELECT callsheet_make_partitions(6)")
        tables = "SELECT tableoid::regclass::text FROM runs WHERE id = %(id)s"
        assert connection.exec_driver_sql(tables, {"id": later}).scalar_one().startswith("runs_2")
        assert connection.exec_driver_sql("SELECT count(*) FROM runs_default").scalar_one() == 0
    engine.dispose()
