"""Wake-ups: a notification ends the wait, where there is a session to hear it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from config.sections import Database
from models.sql.wake import CHANNEL
from scheduling.wakeups import Wakeups
from tests.waiting import eventually

NOWHERE = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")
LONG = 60.0
LISTENERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query = %s AND state = 'idle'"""


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("pgbouncer", [False, True])
def test_a_notification_ends_the_wait_also_beside_a_pooler(
    database_url: str, session: psycopg.Connection[Any], pgbouncer: bool
) -> None:
    url = SecretStr(database_url)
    database = Database(url=NOWHERE, listen_url=url, pgbouncer=True) if pgbouncer else Database(url=url)
    wakeups = Wakeups(database)
    thread = threading.Thread(target=wakeups.wait, args=(LONG,), daemon=True)
    thread.start()
    eventually(lambda: session.execute(LISTENERS, [f"LISTEN {CHANNEL}"]).fetchone() == (1,), 10, "it listens")
    session.execute(f"NOTIFY {CHANNEL}")
    thread.join(20)
    assert not thread.is_alive()
    wakeups.close()


@pytest.mark.parametrize("settings", [{"pgbouncer": True}, {"listen": False}, {"listen": False, "listen_url": NOWHERE}])
def test_without_a_session_to_listen_in_time_ends_the_wait(settings: dict[str, Any]) -> None:
    wakeups = Wakeups(Database(url=NOWHERE, **settings))
    before = time.monotonic()
    wakeups.wait(0.05)
    assert time.monotonic() - before >= 0.05
    assert wakeups._connection is None
