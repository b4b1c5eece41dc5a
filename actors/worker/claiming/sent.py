"""What a plain message says of the trace that it was sent in: an option of it, as others have a header."""

from typing import Any

from dramatiq import Message

from config.telemetry import switch
from config.telemetry.subject import Subject
from config.telemetry.traceparent import NAME, Parent


def mark(message: Message[Any]) -> None:
    """Say so in a message that is about to be sent and does not yet, where its sender is in a trace."""
    if NAME in message.options:
        return
    if (traceparent := _send(message)) is not None:
        message.options[NAME] = traceparent


def trace_in(options: dict[str, Any]) -> str | None:
    """What the options of a message say; None where they say nothing that could be meant."""
    parent = Parent.read(options.get(NAME))
    return None if parent is None else str(parent)


def _send(message: Message[Any]) -> str | None:
    tracer = switch.tracer()
    if tracer is not None:
        return tracer.send(Subject(message.message_id, message.actor_name, message.queue_name))
    if not switch.is_wanted():
        return None
    try:  # a service that traces by itself, and sends messages
        from config.telemetry.tracer import current_traceparent
    except ImportError:
        return None
    return current_traceparent()
