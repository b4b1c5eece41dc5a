"""Execution: what lies between a worker thread's call of an actor and the actor's own first line."""

import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from dramatiq import Actor

from actors.worker.contracts.contract import contract_of, note_contract
from actors.worker.running.current import CurrentRun, entered
from actors.worker.running.forks import end_child
from actors.worker.running.interrupts import Interrupts
from actors.worker.running.isolation import call_isolated
from actors.worker.running.output import Output
from actors.worker.running.references import fill_in_call
from config.telemetry.traceparent import own_trace
from models.lifecycle.claiming import ClaimedRun

_Prepared = tuple[ClaimedRun, CurrentRun, Interrupts]


class Execution:
    """Joins the claimed message that a thread processes with the function that Dramatiq calls for it."""

    def __init__(self) -> None:
        self._local = threading.local()

    def prepare(self, claim: ClaimedRun, interrupts: Interrupts, output_bytes: int) -> CurrentRun:
        """This thread calls the actor of this claim next; the run that it will be inside of."""
        run = _current_run(claim, output_bytes)
        self._local.next = (claim, run, interrupts)
        return run

    def clear(self) -> None:
        """This thread has nothing prepared any more."""
        self._local.next = None

    def wrap(self, actor: Actor[Any, Any]) -> None:
        """Make the actor's function run inside its run when a claimed message calls it."""
        actor.fn = self.around(actor)

    def around(self, actor: Actor[Any, Any]) -> Callable[..., Any]:
        """The actor's function, which runs inside its run where one is prepared.

        Called otherwise, by a test or by another actor, it stays the plain function it is.
        """
        original: Callable[..., Any] = actor.fn
        contract = contract_of(original)
        call = _isolated(actor) if actor.options.get("isolation") else contract.call

        @wraps(original)
        def execute(*args: Any, **kwargs: Any) -> Any:
            prepared: _Prepared | None = getattr(self._local, "next", None)
            if prepared is None or prepared[0].actor != actor.actor_name:
                return original(*args, **kwargs)
            self.clear()
            claim, run, interrupts = prepared
            is_ours = claim.schedule_id is not None
            if is_ours:  # what others have sent is no template: it may be anybody's words
                args, kwargs = fill_in_call(args, kwargs, run, contract.nullable)
            aim = interrupts.take_aim()
            with entered(run):
                try:
                    interrupts.enter(run, aim)
                    return call(args, kwargs, is_json=is_ours)
                finally:
                    aim.value = 0  # one step of Python's: from here one interrupt can strike at most
                    end_child()
                    interrupts.leave()

        note_contract(execute, contract)
        return execute


def _isolated(actor: Actor[Any, Any]) -> Callable[..., Any]:
    declared = actor.fn.func if isinstance(actor.fn, partial) else actor.fn
    return partial(call_isolated, declared.__module__, actor.actor_name)


def _current_run(claim: ClaimedRun, output_bytes: int) -> CurrentRun:
    return CurrentRun(
        run_id=claim.id,
        actor=claim.actor,
        attempt=claim.attempt,
        trigger=claim.trigger,
        schedule=claim.schedule_name,
        slot_at=claim.slot_at,
        previous_slot_at=claim.previous_slot_at,
        next_slot_at=claim.next_slot_at,
        due_at=claim.due_at,
        trace=claim.trace or own_trace(claim.id),
        time_limit_seconds=claim.time_limit_seconds,
        output=Output(output_bytes),
        timezone=claim.timezone,
        resume_from=claim.checkpoint,
    )
