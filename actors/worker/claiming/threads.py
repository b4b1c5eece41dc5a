"""Threads: Dramatiq's own, with a straight path for messages whose runs this process holds.

The hooks and their order are Dramatiq's. What is left out is what comes to nothing for such a message: to delay it, to
acknowledge it where nobody listens, and log lines that nobody may see, as they would show arguments.
"""

from contextvars import copy_context
from itertools import count
from typing import Any, NamedTuple

import dramatiq.worker
from dramatiq import Actor
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.claiming.claimed_message import ClaimedMessage
from actors.worker.claiming.hooks import has_hooks

_ACKNOWLEDGING = ("before_ack", "after_ack", "before_nack", "after_nack")
_PLAIN_CALL = Actor.__call__
_numbers = count()


class _Item(NamedTuple):
    """What waits for a thread: by priority, then first in, first out."""

    priority: int
    number: int
    message: MessageProxy


class ConsumerThread(dramatiq.worker.ConsumerThread):
    """Hands claimed messages on as they are: their actors are known, and they are due."""

    def handle_message(self, message: MessageProxy) -> None:
        """Put it in line for a thread."""
        if isinstance(message, ClaimedMessage):
            item = _Item(self.broker.actors[message.actor_name].priority, next(_numbers), message)
            self.work_queue.put(item)  # type: ignore[arg-type]  # its threads ask for `message` alone
        else:
            super().handle_message(message)

    def handle_delayed_messages(self) -> None:
        """Nothing, where none is delayed: those wait in their rows."""
        if self.delay_queue.queue:
            super().handle_delayed_messages()


class WorkerThread(dramatiq.worker.WorkerThread):
    """Runs claimed messages, each in a context of its own: context variables that an actor sets end with its run."""

    def process_message(self, message: MessageProxy) -> None:
        """Call the hooks and the actor."""
        if isinstance(message, ClaimedMessage):
            copy_context().run(self._process, message)
        else:
            super().process_message(message)

    def _process(self, message: ClaimedMessage) -> None:
        broker = self.broker
        try:
            broker.emit_before("process_message", message)
            result = None if message.failed else _call(broker.actors[message.actor_name], message)
            broker.emit_after("process_message", message, result=result)
        except SkipMessage as error:
            if message.failed:
                message.stuff_exception(error)
            broker.emit_after("skip_message", message)
        except BaseException as error:  # noqa: BLE001 - interrupts too: an attempt has ended, and its thread works on
            message.stuff_exception(error)
            broker.emit_after("process_message", message, exception=error)
        finally:
            if has_hooks(broker, *_ACKNOWLEDGING):
                self.consumers[message.queue_name].post_process_message(message)
            self.work_queue.task_done()
            message.clear_exception()  # it would keep the frames of the run, and all that is in them


def take_the_straight_path() -> None:
    """Have workers of this process use these threads."""
    dramatiq.worker.ConsumerThread = ConsumerThread  # type: ignore[misc]
    dramatiq.worker.WorkerThread = WorkerThread  # type: ignore[misc]


def _call(actor: Actor[Any, Any], message: ClaimedMessage) -> Any:
    """Dramatiq itself logs the call and no more; another class, or whoever has changed this one, may."""
    is_plain = type(actor) is Actor and Actor.__call__ is _PLAIN_CALL
    call = actor.fn if is_plain else actor
    return call(*message.args, **message.kwargs)
