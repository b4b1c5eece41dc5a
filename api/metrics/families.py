"""What was read of the database, as metrics. Pure."""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import NamedTuple

from api.metrics.exposition import Family
from models.counters.metrics import BY_NAME, METRICS
from models.counters.reading import Counted
from models.gauges.now import Now
from models.gauges.of_queues import Queues
from models.gauges.of_schedules import Schedules, Tagged
from models.statistics.histogram import Histogram
from models.statistics.since_ever import SinceEver

MOST = {
    "callsheet_runs_total": 1500,
    "callsheet_attempts_total": 1500,
    "callsheet_run_duration_seconds": 300,
    "callsheet_run_lateness_seconds": 100,
}
MOST_OF_OTHERS = 200
"""So many of each are shown, those with the most; the others are left out, and it is told how many."""

Values = dict[tuple[str, ...], float | Histogram]


class Readings(NamedTuple):
    """All that metrics are made of."""

    version: str
    now: Now
    queues: Queues
    schedules: Schedules
    tagged: tuple[Sequence[Tagged], int]
    ever: SinceEver
    counted: Sequence[Counted]


def families_of(readings: Readings) -> list[Family]:
    """All metrics, in the order in which they are listed; one of which nothing is known has no values."""
    families = {metric.name: Family(metric) for metric in METRICS}
    left_out = {"callsheet_runs": readings.queues.left_out, "callsheet_schedule_failing_streak": readings.tagged[1]}
    for name, values in _of_now(readings).items():
        families[name].values = values
    for name, values in (_of_statistics(readings.ever) | _of_counters(readings.counted)).items():
        most = MOST.get(name, MOST_OF_OTHERS)
        families[name].values = _those_with_most(values, most)
        left_out[name] = max(0, len(values) - most)
    families["callsheet_metrics_left_out"].values = {(name,): number for name, number in left_out.items() if number}
    return list(families.values())


def _of_now(readings: Readings) -> dict[str, Values]:
    now, queues, tagged = readings.now, readings.queues.items, readings.tagged[0]
    return {
        "callsheet_build_info": {(readings.version,): 1},
        "callsheet_runs": {
            (state.value, queue.name): number for queue in queues for state, number in queue.runs.items()
        },
        "callsheet_queue_oldest_seconds": {(queue.name,): queue.oldest_seconds for queue in queues},
        "callsheet_planned_backlog": {(): now.planned_backlog},
        "callsheet_round_age_seconds": _if_known(now.round_age_seconds),
        "callsheet_schedulers": {(): now.schedulers},
        "callsheet_workers": {(): now.workers},
        "callsheet_worker_threads": {
            ("busy",): now.threads_busy,
            ("idle",): now.threads_idle,
            ("stuck",): now.threads_stuck,
        },
        "callsheet_schedules": {(state,): number for state, number in readings.schedules.states.items()},
        "callsheet_failing_streak_max": {(): readings.schedules.longest_streak},
        "callsheet_schedule_failing_streak": {(each.name,): each.consecutive_failures for each in tagged},
        "callsheet_schedule_last_success_seconds": {
            (each.name,): each.success_age_seconds for each in tagged if each.success_age_seconds is not None
        },
        "callsheet_slots_unaccounted": _if_known(now.slots_unaccounted),
        "callsheet_verify_age_seconds": _if_known(now.verify_age_seconds),
        "callsheet_events_pending": {(): now.events_pending},
        "callsheet_events_dropped_total": {(): now.events_dropped},
    }


def _of_statistics(ever: SinceEver) -> dict[str, Values]:
    return {
        "callsheet_runs_total": dict(ever.runs.items()),
        "callsheet_attempts_total": dict(ever.attempts.items()),
        "callsheet_run_duration_seconds": {(actor,): spans for actor, spans in ever.duration.items()},
        "callsheet_run_lateness_seconds": {(queue,): spans for queue, spans in ever.lateness.items()},
    }


def _of_counters(counted: Iterable[Counted]) -> dict[str, Values]:
    """Those that are always there begin with nothing: who sees a counter begin at one does not see it rise."""
    found: dict[str, Values] = {
        metric.name: {labels: Histogram() if metric.bounds else 0 for labels in metric.always}
        for metric in METRICS
        if metric.always
    }
    for each in counted:
        metric = BY_NAME.get(each.name)
        if metric is not None and each.labels.keys() == set(metric.labels):  # else it is of another release
            labels = tuple(each.labels[name] for name in metric.labels)
            found.setdefault(each.name, {})[labels] = each.value if each.spans is None else each.spans
    return found


def _those_with_most(values: Values, most: int) -> Values:
    """In their order."""
    if len(values) <= most:
        return values
    kept = set(nlargest(most, values, key=lambda labels: _size(values[labels])))
    return {labels: value for labels, value in values.items() if labels in kept}


def _size(value: float | Histogram) -> float:
    return len(value) if isinstance(value, Histogram) else value


def _if_known(value: float | None) -> Values:
    return {} if value is None else {(): value}
