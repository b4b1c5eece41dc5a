"""Durations of Dramatiq's options, which are milliseconds, as ours, which are seconds."""

import math
from collections.abc import Mapping
from typing import Any

SECONDS = {
    "min_backoff": "min_backoff_seconds",
    "max_backoff": "max_backoff_seconds",
    "time_limit": "time_limit_seconds",
}
"""Options that are policies, with our names for them."""


def seconds_of(options: Mapping[str, Any], name: str) -> float | None:
    """The option in seconds; None where it is not given, which 0 means to Dramatiq too, or without end."""
    milliseconds = options.get(name)
    return milliseconds / 1000 if milliseconds and math.isfinite(milliseconds) else None
