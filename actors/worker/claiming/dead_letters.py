"""Dead letters: what can't be read or stored is kept, with what is wrong with it, before it is acknowledged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pika
import sqlalchemy as sa
import structlog
from pika.adapters.blocking_connection import BlockingChannel

from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.clean import clean_text
from models.counters.counting import count
from models.dead_letters import note_dead_letters
from models.words.instants import write_instant
from models.words.refusals import Refused

log = structlog.get_logger("worker")

REASON, AT, QUEUE, WORKER = "callsheet-reason", "callsheet-at", "callsheet-queue", "callsheet-worker"
"""Headers of a dead letter: why, when and from where it came, and which worker has put it there."""

MAX_REASON_CHARACTERS = 500
MAX_HEADERS_BYTES = 8000
"""Of the header of a dead letter, which must fit into one frame. With more, it has ours alone."""

_KEPT = ("content_type", "content_encoding", "correlation_id", "message_id", "timestamp", "type", "app_id")
"""Of the properties. Others would have it expire, or go to other queues too, or be refused as somebody else's."""

_ROUTING = ("CC", "BCC")
_ENDURING = 2

Note = Callable[[Sequence[Refused]], None]
"""Tells people of what has been put among the dead letters."""


def nobody(_refused: Sequence[Refused]) -> None:
    """Tell nobody."""


class RabbitDeadLetters:
    """The queue of dead letters `name`, by a confirming channel on the connection of a consumer, opened when it is
    first used. `origin` are headers that say where letters come from."""

    def __init__(self, connection: pika.BlockingConnection, name: str, origin: Mapping[str, str], note: Note) -> None:
        self._connection = connection
        self._name = name
        self._origin = origin
        self._note = note
        self._channel: BlockingChannel | None = None
        self._put: list[Refused] = []

    def put(self, refused: Refused, came_with: pika.BasicProperties) -> None:
        """Put it there as it came. Raises pika's errors where RabbitMQ does not confirm that it is there."""
        if self._channel is None:
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        self._channel.basic_publish("", self._name, refused.body, self._describe(refused, came_with), mandatory=True)
        self._put.append(refused)

    def tell(self) -> None:
        """Tell of what was put there since the last time."""
        put, self._put = self._put, []
        if put:
            self._note(put)

    def _describe(self, refused: Refused, came_with: pika.BasicProperties) -> pika.BasicProperties:
        ours = {REASON: reason_of(refused), AT: write_instant(datetime.now(UTC)), **self._origin}
        headers = {name: value for name, value in (came_with.headers or {}).items() if name not in _ROUTING} | ours
        kept = {name: getattr(came_with, name) for name in _KEPT}
        whole = pika.BasicProperties(delivery_mode=_ENDURING, headers=headers, **kept)
        return whole if _fits(whole) else pika.BasicProperties(delivery_mode=_ENDURING, headers=ours)


def reason_of(refused: Refused) -> str:
    """Why, as the header has it."""
    return f"{refused.reason}: {clean_text(refused.because, MAX_REASON_CHARACTERS)}"


def _fits(properties: pika.BasicProperties) -> bool:
    """Whether pika can say again what it has read, in a frame that every server takes."""
    try:
        return sum(map(len, properties.encode())) <= MAX_HEADERS_BYTES
    except Exception:  # noqa: BLE001 - whatever it is of it that can't be written
        return False


def tell_people(process: WorkerProcess, queue: str, refused: Sequence[Refused]) -> None:
    """Say in the log, the metrics and the database what has been put among the dead letters of a queue. It is there,
    with its reason, whether that can be said or not."""
    for each in refused:
        log.warning("dead-letter", queue=queue, reason=each.reason, because=each.because, bytes=len(each.body))
        count("callsheet_dead_letters_total", queue=queue, reason=each.reason)
    try:
        with process.engine.begin() as connection:
            note_dead_letters(connection, queue, process.id, [_as_note(each) for each in refused])
    except sa.exc.SQLAlchemyError as error:
        log.warning("dead-letters-not-told", queue=queue, error=str(error).strip())


def _as_note(refused: Refused) -> Mapping[str, Any]:
    because = clean_text(refused.because, MAX_REASON_CHARACTERS)
    return {"reason": refused.reason, "because": because, "bytes": len(refused.body)}
