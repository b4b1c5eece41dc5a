"""Telling: a web process, which reports nothing else, adds what it has counted to what all have."""

import threading

import sqlalchemy as sa
import structlog

from models.counters.telling import tell_counters

log = structlog.get_logger("api")

TELL_SECONDS = 10.0


class Telling:
    """Tells in a thread of its own, from time to time and at the end."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="telling", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Tell what is left, and end."""
        self._closing.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._closing.wait(TELL_SECONDS):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        """What can't be told now is told the next time."""
        try:
            with self._engine.begin() as connection:
                then = tell_counters(connection)
            then()
        except sa.exc.SQLAlchemyError as error:
            log.warning("counters", error=str(error).strip())
        except Exception:
            log.exception("counters")
