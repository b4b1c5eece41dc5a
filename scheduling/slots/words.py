"""When a schedule is due, in English. Pure."""

from scheduling.cron import describe
from scheduling.slots.spec import Spec


def say_spec(spec: Spec) -> str | None:
    """Its expressions, or its interval: "At 02:30, Monday through Friday". None for one that has neither. Raises
    ValueError for an expression that is not valid."""
    if spec.cron:
        return "; ".join(describe(expr) for expr in spec.cron)
    if spec.every_seconds is not None:
        return f"Every {spec.every_seconds:g} seconds"
    return None
