"""What must hold whatever fault there was: one function per invariant, each returns its violations in words."""

from collections.abc import Iterator
from typing import Any

from models.words.states import FINAL_STATES
from tests.chaos.evidence import Evidence
from tests.chaos.subscriber import Move

COUNTED = ("failed", "lost", "timed_out")
CUT_SHORT = ("lost", "interrupted", "cancelled")
"""Outcomes of attempts that somebody else than the actor ended."""

RIGHT_END = {"succeeded": "ok", "failed": "error"}
WHY_FAILED = ("FailedOnPurpose", "WorkerLost")
"""It fails on purpose alone, and what is left of a worker that was killed then tells only that it did."""


def every_slot_has_one_row(evidence: Evidence) -> list[str]:
    """No slot is lost and none is doubled."""
    wrong = [slot for slot in evidence.slots if slot["rows"] != 1 or not slot["expected"]]
    behind = [f"{row['name']} was paused without deciding what was due: {row}" for row in evidence.behind]
    return [f"slot {slot['slot']} of {slot['schedule']} has {slot['rows']} rows" for slot in wrong] + behind


def every_run_ends(evidence: Evidence) -> list[str]:
    """Every row is final in the end."""
    return [f"never ended: {_show(run)}" for run in evidence.runs.values() if run["finished_at"] is None]


def no_attempt_starts_twice(evidence: Evidence) -> list[str]:
    """User code starts once for an attempt at most."""
    return [f"started {len(events)} times: {events}" for events in evidence.starts.values() if len(events) > 1]


def nothing_starts_unclaimed(evidence: Evidence) -> list[str]:
    """Every start belongs to an attempt of the history."""
    claimed = {(run["id"], attempt["number"]) for run, attempt in evidence.attempts()}
    return [f"started without a claim: {events}" for key, events in evidence.starts.items() if key not in claimed]


def nothing_starts_after_a_cancel(evidence: Evidence) -> list[str]:
    """What the API says is cancelled does not start afterwards."""
    late = (
        event
        for events in evidence.starts.values()
        for event in events
        if event.run_id in evidence.cancelled and event.at > evidence.cancelled[event.run_id]
    )
    return [f"started after its cancel at {evidence.cancelled[event.run_id]}: {event}" for event in late]


def history_tells_what_happened(evidence: Evidence) -> list[str]:
    """History and ledger agree on starts, ends and outcomes."""
    return [
        f"{problem}: {_show(run)}; attempt {attempt}"
        for run, attempt in evidence.attempts()
        for problem in _disagreements(evidence, run, attempt)
    ]


def attempts_follow_the_policy(evidence: Evidence) -> list[str]:
    """Attempts have no gaps, retries stay within the policy, and an interrupted attempt uses none up."""
    return [f"{problem}: {_show(run)}" for run in evidence.runs.values() for problem in _breaches(run)]


def nothing_is_lost(evidence: Evidence) -> list[str]:
    """For faults that kill no worker and keep none from its database for a lease: every attempt ends by itself."""
    return [f"lost, though its worker lived: {_show(run)}" for run, a in evidence.attempts() if a["outcome"] == "lost"]


def every_move_is_told(evidence: Evidence) -> list[str]:
    """Whoever listens hears of each move of each run: none is missing."""
    return [
        f"{source} has not told of {missing}: {_show(run)}"
        for source, run, told in _tellings(evidence)
        if (missing := _missing(run, told))
    ]


def nothing_else_is_told(evidence: Evidence) -> list[str]:
    """What is told has happened, in that order, and is called by what it is."""
    wrong = [
        f"{source} has told of {told}: {_show(run)}"
        for source, run, told in _tellings(evidence)
        if evidence.told.is_ordered and not _can_be(run, told)
    ]
    return evidence.told.odd + wrong


def nothing_starts_untold(evidence: Evidence) -> list[str]:
    """Ledger and events agree: of each attempt that has started others are told."""
    return [
        f"{source} has not told of a start: {starts}"
        for source, told in evidence.told.sources.items()
        for (run, attempt), starts in evidence.starts.items()
        if run in evidence.runs and run not in evidence.told.untold and (attempt, "running") not in told.get(run, ())
    ]


ALWAYS = (
    every_slot_has_one_row,
    every_run_ends,
    no_attempt_starts_twice,
    nothing_starts_unclaimed,
    nothing_starts_after_a_cancel,
    history_tells_what_happened,
    attempts_follow_the_policy,
    every_move_is_told,
    nothing_else_is_told,
    nothing_starts_untold,
)


def violations(evidence: Evidence, *, may_lose: bool) -> list[str]:
    """All violations, each with the invariant's name."""
    invariants = ALWAYS if may_lose else (*ALWAYS, nothing_is_lost)
    return [f"{invariant.__name__}: {problem}" for invariant in invariants for problem in invariant(evidence)]


def _disagreements(evidence: Evidence, run: dict[str, Any], attempt: dict[str, Any]) -> Iterator[str]:
    key, outcome = (run["id"], attempt["number"]), attempt["outcome"]
    starts, ends = evidence.starts.get(key, []), evidence.ends.get(key, [])
    if outcome in RIGHT_END:
        if [end.outcome for end in ends] != [RIGHT_END[outcome]]:
            yield f"{outcome} in the history, the ledger has the ends {ends}"
    elif outcome not in CUT_SHORT:
        yield f"{outcome}, for which there was no reason"
    if outcome == "failed" and attempt["error"]["type"] not in WHY_FAILED:
        yield "failed for another reason than its own"
    if attempt["started_at"] is not None and not starts and outcome != "lost":
        # A start is noted before the actor is called: a worker may be killed between that and the actor's own note.
        yield "started in the history, not in the ledger"
    if attempt["started_at"] is None and starts and outcome != "lost":
        # Of a lost attempt only what its worker reported in time is known: not that it began just before.
        yield "started in the ledger, not in the history"


def _breaches(run: dict[str, Any]) -> Iterator[str]:
    attempts = run["attempts"]
    if [attempt["number"] for attempt in attempts] != list(range(1, run["attempt"] + 1)):
        yield "attempts have gaps"
    if run["retries"] > run["max_retries"]:
        yield "more retries than allowed"
    again = [attempt["outcome"] for attempt in attempts if attempt["backoff_seconds"] is not None]
    if sum(outcome in COUNTED for outcome in again) != run["retries"]:
        yield "retries were counted wrongly"
    last = attempts[-1]["outcome"] if attempts else None
    if (run["state"] == "succeeded") != (last == "succeeded"):
        yield "state and last attempt differ"
    if run["state"] == "failed" and (last not in COUNTED or run["retries"] < run["max_retries"]):
        yield "failed with retries left"
    if run["state"] == "skipped" and attempts:
        yield "skipped after an attempt"


def _tellings(evidence: Evidence) -> Iterator[tuple[str, dict[str, Any], list[Move]]]:
    """What each source has told of each run whose moves were noted from its first on."""
    for source, told in evidence.told.sources.items():
        for run in evidence.runs.values():
            if run["id"] not in evidence.told.untold:
                yield source, run, told.get(run["id"], [])


def _missing(run: dict[str, Any], told: list[Move]) -> list[Move]:
    """Its moves that were not told, of those that its row knows of: not how often it was queued."""
    attempts = [attempt["number"] for attempt in run["attempts"]]
    moves = [(number, "running") for number in attempts]
    moves += [(number, "retrying") for number in attempts if number < run["attempt"]]
    if run["finished_at"] is not None:
        moves.append((run["attempt"], run["state"]))
    if not any(attempt == 0 for attempt, _ in told):
        moves.append((0, "planned"))
    return [move for move in moves if move not in told]


def _can_be(run: dict[str, Any], told: list[Move]) -> bool:
    """Whether the order is one that a run can come along, to the end that its row has."""
    places = [(attempt, 0 if state == "running" else 2 if state in FINAL_STATES else 1) for attempt, state in told]
    ends = [move for move in told if move[1] in FINAL_STATES]
    again = [move for move in told if move[0] and move[1] == "queued"]
    return (
        places == sorted(places)
        and ends in ([], [(run["attempt"], run["state"])])
        and all(attempt <= run["attempt"] for attempt, _ in told)
        and all((attempt, "retrying") in told[: told.index((attempt, "queued"))] for attempt, _ in again)
    )


def _show(run: dict[str, Any]) -> str:
    shown = ("schedule_name", "state", "reason", "attempt", "retries", "worker_id", "due_at", "lease_until", "attempts")
    return f"run {run['id']} " + ", ".join(f"{name} {run[name]}" for name in shown)
