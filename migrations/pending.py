"""Pending: a process that starts before its migrations waits for them, and goes on by itself.

Platforms start processes in any order, and some migrate only once all have started. One that ended instead would be
started again and again, later each time. A database that does not answer may lack anything, so it is waited for too.
"""

import math
import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog

from migrations import LACKING, is_behind
from models.processes import read_revision

LOOK_SECONDS = 1.0
SAY_SECONDS = 60.0
SILENT = "the database does not say which migrations it has"


def wait_until_migrated(engine: sa.Engine, rest: Callable[[float], bool], logger: str) -> bool:
    """Return True once the database has all migrations of this process, at once if they are there or it is newer.

    `rest` waits for some seconds, and returns whether to give up: then this returns False. Once a minute, and when it
    becomes another, a line of the logger says what is waited for.
    """
    log = structlog.get_logger(logger)
    said, said_at = "", -math.inf
    while why := _what_is_missing(engine):
        if why != said or time.monotonic() - said_at >= SAY_SECONDS:
            said, said_at = why, time.monotonic()
            log.warning("wait", why=why)
        if rest(LOOK_SECONDS):
            return False
    if said:
        log.info("migrated")
    return True


def _what_is_missing(engine: sa.Engine) -> str | None:
    try:
        with engine.connect() as connection:
            return LACKING if is_behind(read_revision(connection)) else None
    except sa.exc.DBAPIError as error:
        return f"{SILENT}: {str(error.orig).strip().partition(chr(10))[0]}"
    except sa.exc.TimeoutError:
        return SILENT
