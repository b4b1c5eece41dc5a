"""Lists: every list that the API has, over 300 schedules and 200,000 runs, with and without a count."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import httpx
from pydantic import BaseModel

from api.app import ROUTES
from api.web.routes import Route
from models.sql.clock import read_clock
from tests.api.cli.served import CommandLine
from tests.benchmarks.figures import Figure
from tests.benchmarks.options import Options
from tests.benchmarks.past import make_past
from tests.benchmarks.site import Site
from tests.benchmarks.system import System
from tests.end_to_end.deployment import TOKEN
from tests.waiting import eventually

SCHEDULES = 300
RUNS = 200_000
REPEATS = 7
TARGET = "max <= 500"

_AROUND = (
    # Each is due at minutes of its own, every day; each tenth is paused.
    """
    UPDATE schedules s SET
        cron = jsonb_build_array(n %% 60 || CASE WHEN n %% 3 = 0 THEN ' *' ELSE ' ' || n %% 24 END || ' * * *'),
        tags = jsonb_build_array('tag-' || n %% 20), next_due_at = CASE WHEN n %% 10 > 0 THEN now() END,
        paused_at = CASE WHEN n %% 10 = 0 THEN now() END, paused_by = CASE WHEN n %% 10 = 0 THEN 'ann' END
    FROM (SELECT id, split_part(name, '-', 2)::int AS n FROM schedules) numbered WHERE numbered.id = s.id
    """,
    """
    INSERT INTO audit (at, who, role, action, target, before, after)
    SELECT now() - n * interval '1 minute', 'user-' || n %% 20, 'editor', 'schedule.update',
        'schedules/report-' || n %% 300, '{"priority": 5}', '{"priority": 6}' FROM generate_series(200000, 1, -1) n
    """,
    """
    INSERT INTO schedule_versions (name, version, at, who, action, changes, definition)
    SELECT 'report-' || n %% 300, n / 300 + 1, now() - (30000 - n) * interval '1 minute', 'ann', 'schedule.update',
        '[{"field": "priority", "before": 5, "after": 6}]', '{"actor": "http_request", "priority": 6}'
    FROM generate_series(0, 29999) n
    """,
    """
    INSERT INTO tokens (id, name, role, hash, last_four, created_at, created_by)
    SELECT gen_random_uuid(), 'token-' || n, 'viewer', md5(n::text), 'abcd', now(), 'ann' FROM generate_series(1, 300) n
    """,
    """
    INSERT INTO queues (name, paused_at, pause_reason, paused_by)
    SELECT 'queue-' || n, now(), 'moves', 'ann' FROM generate_series(1, 100) n
    """,
    """
    INSERT INTO workers (id, host, pid, queues, actors, secrets, threads, version, started_at, last_seen_at, running)
    SELECT gen_random_uuid(), 'host-' || n, n, '["default", "mail"]', '["noop"]', '["CRM_KEY", "MAIL"]', 8, '1', now(),
        now() + interval '1 hour', 8 FROM generate_series(1, 100) n
    """,
    """
    INSERT INTO actors (name, queue, doc, parameters, options, announced_at)
    SELECT 'actor-' || n, 'queue-' || n %% 100, '', '{"type": "object"}', '{}', now() + interval '1 hour'
    FROM generate_series(1, 300) n
    """,
)

_ALSO: Mapping[str, tuple[str, ...]] = {
    "/v1/runs": (
        "state=failed&count=true",
        "schedule=report-7&count=true",
        "actor=run_process&count=true",
        "q=report-123&count=true",
        "q=no-such-thing&count=true",
        "error=the answer was 418&count=true",
        "error=no such error&count=true",
        "trigger=manual&count=true",
        "since=2020-01-01T00:00:00Z&count=true",
        "state=planned&count=true",
    ),
    "/v1/schedules": ("q=report&count=true", "state=paused&count=true", "tag=tag-7", "actor=http_request&count=true"),
    "/v1/upcoming": ("tag=tag-7", "actor=http_request"),
    "/v1/audit": ("target=schedules/report-7", "who=user-7", "action=schedule.update", "action=no.such", "target=none"),
}


def measure(options: Options, site: Site) -> list[Figure]:
    """Each list a few times: its first page, as large as it may be, what it can count, and the page behind it."""
    with site.system() as system:
        make_past(system, RUNS, SCHEDULES)
        with system.engine.begin() as connection:
            for statement in _AROUND:
                connection.exec_driver_sql(statement)
        with system.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        system.start("web")
        eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
        figures = [_figure(system, path, query) for route in ROUTES for path, query in _asked(route)]
        return [*figures, *_next(system)]


def _asked(route: Route) -> Iterator[tuple[str, str]]:
    """The paths and queries of a list; none of what is no list."""
    model = route.answers.get(200)
    is_list = isinstance(model, type) and issubclass(model, BaseModel) and "items" in model.model_fields
    if route.method != "GET" or not (is_list or route.path == "/v1/export"):
        return
    path = route.path.replace("{name}", "report-7")
    fields = route.query.model_fields if route.query else {}
    yield path, ""
    if "limit" in fields:
        yield path, "limit=500"
    if "count" in fields:
        yield path, "count=true" if fields["count"].annotation is bool else "count=500"
    yield from ((path, query) for query in _ALSO.get(path, ()))


def _figure(system: System, path: str, query: str) -> Figure:
    """The page, and what its cursor leads to."""

    def get(cursor: str | None = None) -> str | None:
        # The page behind it is asked for with the same query.
        more = f"&cursor={cursor}" if cursor else ""
        answer = system.api.get(f"{path}?{query}{more}", timeout=60).raise_for_status().json()
        return answer.get("next")

    cursor = get()
    times = [_milliseconds(get) for _ in range(REPEATS)]
    if cursor:
        times += [_milliseconds(lambda: get(cursor)) for _ in range(REPEATS)]
    return Figure(f"GET {path}{'?' if query else ''}{query}", times, "ms", TARGET)


def _next(system: System) -> Iterator[Figure]:
    """What runs tonight, as people ask for it: the whole of the command, and what the processor does for it."""
    with system.engine.begin() as connection:
        until = read_clock(connection) + timedelta(hours=24)
    callsheet = CommandLine(
        system.log_path("web").parent, {"CALLSHEET_URL": str(system.api.base_url), "CALLSHEET_TOKEN": TOKEN}
    )
    for command in (["next", "--until", "06:00"], ["next", "--until", until.isoformat(), "--limit", "5000"]):
        times = [_milliseconds(lambda command=command: callsheet.succeed(*command)) for _ in range(3)]
        yield Figure(f"callsheet {' '.join(command)}", times, "ms", TARGET)
    times = [_milliseconds(lambda: callsheet.succeed("--help")) for _ in range(3)]
    yield Figure("callsheet --help, which asks nobody", times, "ms")


def _milliseconds(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return 1000 * (time.monotonic() - begun)
