"""Waiting for what comes first: the time, or a NOTIFY that something changed."""

import threading
from typing import Any

import psycopg
import structlog

from config.database import listen_connection
from config.sections import Database
from models.sql.wake import CHANNEL

log = structlog.get_logger("scheduling")


class Wakeups:
    """Listens on a connection of its own. Without it (`database.listen = false`, or while the database is away) time
    alone wakes the loop: a notification is a hint, never needed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None
        self._idle = threading.Event()
        self._is_stale = False

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as a notification arrives."""
        if seconds <= 0:
            return
        try:
            connection = self._listening()
            if connection is None:
                self._idle.wait(seconds)
                return
            for _ in connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error as error:
            log.warning("listen", error=str(error).strip())
            self.close()
            self._idle.wait(seconds)

    def renew(self) -> None:
        """Listen on another connection from the next wait on; any thread may say so."""
        self._is_stale = True

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listening(self) -> psycopg.Connection[Any] | None:
        if self._is_stale:
            self._is_stale = False
            self.close()
        if self._connection is None and self._database.listens:
            self._connection = listen_connection(self._database, "scheduling")
            self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection
