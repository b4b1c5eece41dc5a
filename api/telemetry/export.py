"""Export: what `GET /metrics` shows, told to a collector of OpenTelemetry's by one web process at a time."""

import os
import threading
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from api.metrics.reading import read_families
from config.telemetry import switch
from models.counters.turns import take_turn

if TYPE_CHECKING:
    from api.telemetry.points import Sender

log = structlog.get_logger("api")

INTERVAL_SECONDS = 60.0
SHORTEST_SECONDS = 1.0

_LOOKS = 4
"""So often each process looks within an interval whether it is its turn."""


class Export:
    """Exports in a thread of its own, where that is wanted."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._seconds = _interval_seconds()
        self._sender: Sender | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin, in the background, unless nobody has asked for it."""
        if switch.tracer() is None or os.environ.get("OTEL_METRICS_EXPORTER", "").strip().lower() == "none":
            return
        from api.telemetry.points import Sender

        self._sender = Sender()
        self._thread.start()

    def close(self) -> None:
        """End. What is being told may be cut short."""
        self._closing.set()
        if self._sender is not None:
            self._sender.close()
            self._thread.join()

    def _go_on(self) -> None:
        while not self._closing.wait(self._seconds / _LOOKS):
            try:
                self._export()
            except sa.exc.SQLAlchemyError as error:
                log.warning("metrics", error=str(error).strip())
            except Exception:
                log.exception("metrics")

    def _export(self) -> None:
        assert self._sender is not None, "the thread was started with it"
        with self._engine.begin() as connection:
            if not take_turn(connection, "otlp", self._seconds * (1 - 1 / _LOOKS)):
                return
        self._sender.send(read_families(self._engine), time.time_ns())  # it says itself what it could not tell


def _interval_seconds() -> float:
    try:
        seconds = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "")) / 1000
    except ValueError:
        return INTERVAL_SECONDS
    return max(seconds, SHORTEST_SECONDS)
