"""Which run it is, for the programs and servers that a run calls."""

from datetime import UTC

from actors.context import CurrentRun


def identity_of(run: CurrentRun) -> dict[str, str]:
    """`run_id`, `attempt`, and `schedule` and `slot` (RFC 3339, UTC) where the run has them."""
    identity = {"run_id": str(run.run_id), "attempt": str(run.attempt)}
    if run.schedule is not None:
        identity["schedule"] = run.schedule
    if run.slot_at is not None:
        identity["slot"] = run.slot_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return identity
