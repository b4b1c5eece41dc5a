"""The clock that claims, leases and whoever watches them count by."""

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def uptime() -> float:
    """Seconds since the machine was started. Where there is such a clock also those that it slept or was paused,
    which are none to `time.monotonic`: the lease in the database has gone on, and so has its rescue."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)
