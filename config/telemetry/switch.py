"""Whether this process traces, and the beginning and the end of that. Where it does not, nothing of OpenTelemetry is
imported."""

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from config.telemetry.tracer import Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

STOP_SECONDS = 3.0
"""So long the end of a process waits for a collector to take the last spans."""

log = structlog.get_logger("telemetry")

_tracer: "Tracer | None" = None


def is_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says where to tell."""
    return bool(environ.get(ENDPOINT)) and environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"


def start(process: str, *, is_local: bool = False) -> None:
    """Trace from now on, where that is wanted. `process` is what this one is called, unless the environment says it.
    `is_local`: whether queues are inside of it."""
    global _tracer  # noqa: PLW0603 - a process has one
    if _tracer is not None or not is_wanted():
        return
    try:
        from config.telemetry.tracer import Tracer
    except ImportError as error:
        log.warning("no-telemetry", reason=f'{ENDPOINT} is set, and pip install "callsheet[otel]" is missing: {error}')
        return
    _tracer = Tracer(process, is_local=is_local)


def tracer() -> "Tracer | None":
    """What makes spans; None where this process does not trace."""
    return _tracer


def stop(seconds: float = STOP_SECONDS) -> None:
    """Trace no more. What was not told yet has so long for it."""
    global _tracer
    ending, _tracer = _tracer, None
    if ending is None:
        return
    thread = threading.Thread(target=ending.end, name="telemetry-end", daemon=True)
    thread.start()
    thread.join(seconds)
