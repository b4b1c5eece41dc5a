"""Fold: what workers have noted as failed is counted by its fingerprint."""

import math
import time

import sqlalchemy as sa

from models.failures.folding import be_alone, fold_failures, is_work
from models.failures.streaks import settle_streaks

BATCH = 500
BATCHES = 10
"""So many of them at once: with more the rest of upkeep would wait."""

SETTLE_SECONDS = 5.0


class Folding:
    """Counts failures once a second, in batches, and ends streaks."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._settled = -math.inf

    def fold(self) -> None:
        """Count what is noted, unless another process does."""
        for _ in range(BATCHES):
            with self._engine.begin() as connection:
                if not is_work(connection) or not be_alone(connection) or fold_failures(connection, BATCH) < BATCH:
                    break
        if time.monotonic() - self._settled >= SETTLE_SECONDS:
            self._settled = time.monotonic()
            with self._engine.begin() as connection:
                if be_alone(connection):
                    settle_streaks(connection)
