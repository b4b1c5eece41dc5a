"""Trace: a span around each attempt, and what messages say of the trace that they are sent in."""

from typing import Any

from dramatiq import Broker, Message, Middleware, Worker
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claimed_message import ClaimedMessage, claimed
from actors.worker.claiming.sent import mark
from actors.worker.keeping.process import worker_process
from config.telemetry import switch
from config.telemetry.subject import Subject
from models.words.states import Trigger


class Trace(Middleware):
    """There where this process is to tell OpenTelemetry what it does, and nowhere else."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin, after the fork: it has threads."""
        switch.start("callsheet-worker", is_local=worker_process(broker).settings.amqp.is_local)

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """No run follows."""
        switch.stop()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """The attempt begins. Whatever it asks others for goes on from here."""
        tracer = switch.tracer()
        if tracer is None:
            return
        ours = claimed(message)
        claim = ours.claim
        subject = Subject(str(claim.id), claim.actor, claim.queue, claim.schedule_name, claim.attempt, claim.slot_at)
        ours.span = tracer.enter_run(subject, claim.trace, was_planned=claim.trigger == Trigger.SCHEDULE)
        claim.trace = ours.span.traceparent

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """It has ended, and what became of it is decided."""
        _leave(message)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Likewise."""
        _leave(message)

    def before_enqueue(self, broker: Broker, message: Message[Any], delay: int | None) -> None:
        """Say in the message which trace its run is to go on with."""
        mark(message)


def _leave(message: MessageProxy) -> None:
    if not isinstance(message, ClaimedMessage) or message.span is None:
        return
    span, end = message.span, message.end
    if end is not None:
        span.note(callsheet__outcome=end.outcome.value, callsheet__state=end.state.value)
        if end.error_type is not None:
            span.fail(end.error_type, end.error_message, end.error_traceback)
    span.leave()
