"""Policies from Dramatiq's options, whose durations are milliseconds, as ours, which are seconds and have bounds."""

import math
from collections.abc import Mapping
from typing import Any

from models.words.bounds import MAX_RETRIES, MONTH

_SECONDS = {
    "min_backoff": "min_backoff_seconds",
    "max_backoff": "max_backoff_seconds",
    "time_limit": "time_limit_seconds",
}


def policies_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """The policies that are given, within the bounds of schedules. What is no number is not given; nor is a duration
    of 0, to Dramatiq too."""
    retries = number_in(options.get("max_retries"), MAX_RETRIES)
    policies: dict[str, Any] = {} if retries is None else {"max_retries": int(retries)}
    given = {policy: number_in(options.get(option), MONTH * 1000) for option, policy in _SECONDS.items()}
    return policies | {policy: milliseconds / 1000 for policy, milliseconds in given.items() if milliseconds}


def number_in(value: Any, most: float) -> float | None:
    """The option as a number from 0 to `most`; None where it is none."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:  # of an int that no float holds
        number = math.inf if value > 0 else 0
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else min(max(number, 0), most)
