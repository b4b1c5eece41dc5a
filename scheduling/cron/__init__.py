"""Cron: when an expression fires in a time zone, and how that is said. Every module here is pure."""

from scheduling.cron.fires import check, clock_remark, count_fires, each_fire, last_fires, next_fire
from scheduling.cron.words import describe, matches_either

__all__ = ["check", "clock_remark", "count_fires", "describe", "each_fire", "last_fires", "matches_either", "next_fire"]
