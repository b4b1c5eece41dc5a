"""Identifiers of runs: time-ordered UUIDs, derived where planning twice must collide.

The first 48 bits are milliseconds since the epoch, as in RFC 9562 version 8; the rest is random or a hash.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_run_id(schedule_id: UUID, slot_at: datetime) -> UUID:
    """The id of the run for one slot: the same schedule and slot always give the same id."""
    return _assemble(_milliseconds(slot_at), schedule_id.bytes + slot_at.astimezone(UTC).isoformat().encode())


def new_run_id(now: datetime) -> UUID:
    """An id for a run that no slot asked for, ordered by its creation."""
    return _assemble(_milliseconds(now), secrets.token_bytes(16))


def message_run_id(message_id: str, sent_milliseconds: float) -> UUID:
    """The id of the run of a plain message, from Dramatiq's id and time stamp: a redelivery gives the same."""
    return _assemble(int(sent_milliseconds), message_id.encode())


def notice_run_id(at: datetime, *key: str) -> UUID:
    """The id of the run that tells a notice: the same key at the same instant always gives the same."""
    return _assemble(_milliseconds(at), "\n".join(key).encode())


def time_ahead(run_id: UUID, now: datetime) -> timedelta:
    """How far the time in an id is ahead of a clock."""
    return timedelta(milliseconds=(run_id.int >> 80) - _milliseconds(now))


def first_id_at(instant: datetime) -> UUID:
    """The smallest id of that millisecond: a bound for partitions and for filters by time."""
    return UUID(int=_milliseconds(instant) << 80)


def instant_of(run_id: UUID) -> datetime:
    """The time in an id."""
    return _EPOCH + timedelta(milliseconds=run_id.int >> 80)


def _milliseconds(instant: datetime) -> int:
    return max(0, int((instant - _EPOCH).total_seconds() * 1000))


def _assemble(milliseconds: int, material: bytes) -> UUID:
    tail = int.from_bytes(hashlib.sha256(material).digest()[:10], "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | tail
    value = value & ~(0xF << 76) | 8 << 76  # version 8
    value = value & ~(0x3 << 62) | 2 << 62  # variant of RFC 9562
    return UUID(int=value)
