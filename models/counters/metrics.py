"""Metrics: what each is called, what it says and what it is told apart by. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from models.words.states import SkipReason


class Kind(StrEnum):
    """As Prometheus knows them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One metric. `bounds` are those of the buckets that are shown, among those of `models.statistics.histogram`;
    `always` are labels that are shown before anything of them has been counted."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    always: tuple[tuple[str, ...], ...] = ()


_LATENESS = (0.05, 0.2, 1, 5, 30, 120, 600, 3600)
_DURATION = (0.1, 1, 10, 60, 600, 3600)
_ROUND = (0.005, 0.02, 0.1, 0.5, 2, 10)
_REQUEST = (0.01, 0.05, 0.2, 1, 5)

METRICS = (
    Metric("callsheet_build_info", Kind.GAUGE, "Always 1; of which version this process is.", ("version",)),
    Metric(
        "callsheet_slots_total",
        Kind.COUNTER,
        "Slots that were decided: planned, or skipped and why; planned ones that missed their deadline count as both.",
        ("outcome", "reason"),
        always=(("planned", ""), *(("skipped", reason.value) for reason in SkipReason)),
    ),
    Metric(
        "callsheet_runs_total",
        Kind.COUNTER,
        "Runs that have ended, skipped ones among them, by their final state.",
        ("actor", "queue", "state"),
    ),
    Metric(
        "callsheet_attempts_total", Kind.COUNTER, "Attempts that have ended, by their outcome.", ("actor", "outcome")
    ),
    Metric("callsheet_run_duration_seconds", Kind.HISTOGRAM, "How long attempts of runs took.", ("actor",), _DURATION),
    Metric(
        "callsheet_run_lateness_seconds",
        Kind.HISTOGRAM,
        "How long after they were due runs have begun, retries aside.",
        ("queue",),
        _LATENESS,
    ),
    Metric("callsheet_runs", Kind.GAUGE, "Runs that have not ended, 10,000 of each at most.", ("state", "queue")),
    Metric(
        "callsheet_queue_oldest_seconds",
        Kind.GAUGE,
        "For how long the oldest run that is due has waited to begin.",
        ("queue",),
    ),
    Metric("callsheet_planned_backlog", Kind.GAUGE, "Runs that are due and not published, 10,000 at most."),
    Metric("callsheet_round_age_seconds", Kind.GAUGE, "How long ago a scheduling process last did its round."),
    Metric(
        "callsheet_round_duration_seconds", Kind.HISTOGRAM, "How long rounds of scheduling took.", (), _ROUND, ((),)
    ),
    Metric(
        "callsheet_published_total",
        Kind.COUNTER,
        "Runs that were sent to the broker: confirmed by it, unconfirmed, or republished as their message was gone.",
        ("outcome",),
        always=(("confirmed",), ("unconfirmed",), ("republished",)),
    ),
    Metric(
        "callsheet_claims_total",
        Kind.COUNTER,
        "Runs that workers asked for: won, lost as there was nothing to run any more, or locked by somebody.",
        ("outcome",),
        always=(("won",), ("lost",), ("locked",)),
    ),
    Metric("callsheet_rescued_total", Kind.COUNTER, "Attempts that were ended as their worker was gone.", always=((),)),
    Metric("callsheet_schedulers", Kind.GAUGE, "Scheduling processes that have done a round within the last minute."),
    Metric("callsheet_workers", Kind.GAUGE, "Worker processes that report."),
    Metric(
        "callsheet_worker_threads",
        Kind.GAUGE,
        "Threads of workers: busy with a run, idle, or stuck in one that was interrupted.",
        ("state",),
    ),
    Metric(
        "callsheet_schedules",
        Kind.GAUGE,
        "Schedules: active, paused, or quarantined: set aside by an error.",
        ("state",),
    ),
    Metric(
        "callsheet_schedule_failing_streak",
        Kind.GAUGE,
        "How many runs of the schedule have failed in a row; of 200 schedules tagged `metrics`.",
        ("schedule",),
    ),
    Metric(
        "callsheet_schedule_last_success_seconds",
        Kind.GAUGE,
        "How long ago the schedule last succeeded; of 200 schedules tagged `metrics`.",
        ("schedule",),
    ),
    Metric(
        "callsheet_failing_streak_max",
        Kind.GAUGE,
        "The longest streak of failures that a schedule has now.",
    ),
    Metric(
        "callsheet_slots_unaccounted",
        Kind.GAUGE,
        "Slots that the last hourly `verify` could not account for: must be 0. Missing until it has been run.",
    ),
    Metric("callsheet_verify_age_seconds", Kind.GAUGE, "How long ago `verify` last looked through all there was."),
    Metric("callsheet_events_pending", Kind.GAUGE, "Groups of changes that the exchange was not told of yet."),
    Metric(
        "callsheet_events_dropped_total",
        Kind.COUNTER,
        "Changes that the exchange was never told of: it was away for too long.",
    ),
    Metric(
        "callsheet_notifications_total", Kind.COUNTER, "Notifications, by what became of them.", ("channel", "outcome")
    ),
    Metric(
        "callsheet_dead_letters_total",
        Kind.COUNTER,
        "Messages that could not be read or stored, and were laid aside.",
        ("queue", "reason"),
    ),
    Metric(
        "callsheet_http_request_duration_seconds",
        Kind.HISTOGRAM,
        "How long requests took to be answered.",
        ("route", "status"),
        _REQUEST,
    ),
    Metric(
        "callsheet_metrics_left_out",
        Kind.GAUGE,
        "Series of a metric that are not shown, as there are too many of it.",
        ("metric",),
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}
