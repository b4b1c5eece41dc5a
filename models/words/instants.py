"""How instants are written for machines and people: RFC 3339 in UTC, with a Z."""

from datetime import UTC, datetime


def write_instant(instant: datetime) -> str:
    """The instant with all that it has: 2030-01-31T09:00:00.250000Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def say_instant(instant: datetime) -> str:
    """The instant to the second: 2030-01-31T09:00:00Z."""
    return write_instant(instant.replace(microsecond=0))
