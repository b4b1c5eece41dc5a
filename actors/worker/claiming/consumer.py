"""The consumer: claims what the broker has delivered, acknowledges on claim, and hands on what it won.

From the claim on the row and its lease are the truth: a lost connection or a redelivery changes nothing for a run that
has been claimed, and no broker timeout can hit a long run. Deliveries belong to the connection that made them: they are
acknowledged on it, at once, in the thread that owns it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

import structlog
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ConnectionClosed

from actors.worker.claiming.claims import Claimed, is_unstorable
from actors.worker.claiming.messages import Letter
from actors.worker.keeping.process import WorkerProcess
from config.database import TRANSIENT
from models.words.refusals import Refused, Unfit

log = structlog.get_logger("worker")

PATIENCE_SECONDS = 0.1
"""Without a free thread for so long, what was delivered goes back, for workers that have one. So does a bundle of which
a part was claimed: others claim the rest, and of what is claimed nothing comes."""

RETRY_SECONDS = 1.0

LOCKED_SECONDS = 0.5
"""How soon runs whose rows others have locked are tried again."""

Claim = Callable[[Sequence[Letter], bool], Claimed]
"""Claims letters; the flag says that an earlier try may have succeeded without our knowing."""


class Deliveries(Protocol):
    """What a broker has delivered to one consumer and not yet had acknowledged."""

    def wait(self, seconds: float) -> bool:
        """Whether anything has been delivered, waiting up to `seconds` for it."""
        ...

    def take(self, limit: int) -> Sequence[Letter]:
        """What was delivered first, `limit` runs at most; of a bundle it may be a part."""
        ...

    def parted_seconds(self) -> float:
        """How long a bundle has been here of which a part was taken and the rest was not; 0 where there is none."""
        ...

    def took_in_vain(self) -> None:
        """Of what was taken last nothing was to be had; the time of a bundle that was parted begins anew."""
        ...

    def acknowledge(self, refused: Collection[Refused] = ()) -> None:
        """Acknowledge every delivery that was taken whole. What is refused is among the queue's dead letters by then:
        raises ConnectionClosed, and it is delivered again, where it can't be put there."""
        ...

    def give_back(self) -> None:
        """Return what was delivered and not taken, and receive nothing until the next wait."""
        ...

    def idle(self, seconds: float) -> None:
        """Wait, keeping the connection alive."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class IdleConsumer(Consumer):
    """Nothing, without a connection, until something is so; then Dramatiq asks for another consumer."""

    def __init__(self, until: threading.Event, timeout: int) -> None:
        self._until = until
        self._timeout_seconds = timeout / 1000

    def __next__(self) -> MessageProxy | None:
        """None, after a while."""
        if self._until.wait(self._timeout_seconds):
            raise StopIteration
        return None


class ClaimingConsumer(Consumer):
    """Dramatiq's iterator of messages, of which every one is claimed."""

    def __init__(self, deliveries: Deliveries, process: WorkerProcess, claim: Claim, timeout: int) -> None:
        self._deliveries = deliveries
        self._process = process
        self._claim = claim
        self._timeout_seconds = timeout / 1000
        self._won: deque[MessageProxy] = deque()
        self._locked: list[Letter] = []
        self._locked_until = 0.0

    def __next__(self) -> MessageProxy | None:
        """The next claimed message; None when there was none for a while."""
        if self._won:
            return self._won.popleft()
        has_room = self._process.held.wait_for_room(PATIENCE_SECONDS) > 0
        if not has_room or self._deliveries.parted_seconds() >= PATIENCE_SECONDS:
            self._deliveries.give_back()
            self._deliveries.idle(0)
            self._process.held.wait_for_room(self._timeout_seconds)
            return None
        seconds = min(self._timeout_seconds, LOCKED_SECONDS) if self._locked else self._timeout_seconds
        if not self._deliveries.wait(seconds) and not self._locked:
            return None
        try:
            self._claim_delivered()
        except ConnectionClosed:
            if not self._won:
                raise
            # What was won must run all the same; the next wait says that it is closed.
        return self._won.popleft() if self._won else None

    def ack(self, message: MessageProxy) -> None:
        """Nothing: the delivery was acknowledged when its run was claimed."""

    def nack(self, message: MessageProxy) -> None:
        """Nothing: a failed run is a row, not a dead letter."""

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Nothing: what has not started goes back as a row."""

    def close(self) -> None:
        """Close the connection; what was delivered and not claimed is delivered again, elsewhere."""
        self._deliveries.close()

    def _claim_delivered(self) -> None:
        """Claim as much of what was delivered as there is room for; the consumers of a process take turns."""
        with self._process.doubts.claiming:
            room = self._process.held.room()
            waited = self._take_locked(room)
            delivered = self._deliveries.take(room - sum(len(letter.runs) for letter in waited))
            if not waited and not delivered:
                return
            refused = self._claim_in_the_end([*waited, *delivered])
        if not self._won:  # what came back to us, and is claimed already, must not take the rest with it again
            self._deliveries.took_in_vain()
        if delivered:
            bodies = {letter.body for letter in delivered} if refused else ()
            self._deliveries.acknowledge([each for each in refused if each.body in bodies])

    def _take_locked(self, limit: int) -> list[Letter]:
        """What somebody had locked a while ago. Its deliveries are acknowledged: should this process die, it has
        vanished, and is published again. All have rows, so none of it is a dead letter."""
        taken: list[Letter] = []
        while self._locked and limit > 0 and time.monotonic() >= self._locked_until:
            letter, rest = self._locked.pop(0).split(limit)
            taken.append(letter)
            limit -= len(letter.runs)
            if rest is not None:
                self._locked.insert(0, rest)
        return taken

    def _claim_in_the_end(self, letters: Sequence[Letter], again: bool = False) -> list[Refused]:
        """Claim, waiting for the database where it is away; nothing runs unclaimed. What can't be claimed whatever one
        does is returned, and the others go on."""
        while not self._process.held.closed:
            try:
                claimed = self._claim(letters, again)
                self._won.extend(claimed.messages)
                if claimed.locked:
                    self._locked += [letter for letter in claimed.locked if letter not in self._locked]
                    self._locked_until = time.monotonic() + LOCKED_SECONDS
                return list(claimed.refused)
            except Exception as error:
                self._process.doubts.note()  # a part may have been claimed before the rest was refused
                if isinstance(error, TRANSIENT) and not is_unstorable(error):
                    log.warning("claim", error=str(error).strip(), deliveries=len(letters))
                elif len(letters) == 1:
                    log.exception("unclaimable", bytes=len(letters[0].body))
                    because = f"claiming it raised {type(error).__name__}, which the log of the worker has"
                    return [Refused(letters[0].body, Unfit.UNCLAIMABLE, because)]
                else:
                    return [refused for each in letters for refused in self._claim_in_the_end([each], again=True)]
            again = True
            self._wait_out()
        raise StopIteration

    def _wait_out(self) -> None:
        deadline = time.monotonic() + RETRY_SECONDS
        while (seconds := deadline - time.monotonic()) > 0:
            self._deliveries.idle(seconds)
