"""What holds a due run back from the broker, as conditions in SQL."""

from models.sql.liveness import ANNOUNCED, LIVE
from models.sql.spelling import quoted
from models.words.states import LIVE_STATES, PUBLISHABLE_STATES, State

PUBLISH_LEASE_SECONDS = 10
"""A run taken by a publisher that died is taken by another after this time."""

PUBLISH_LEASE = f"make_interval(secs => {PUBLISH_LEASE_SECONDS})"


def queues_with(name: str, states: tuple[State, ...]) -> str:
    """For WITH RECURSIVE, as `name`: the queues that have runs in these states, from one to the next by the index that
    serves them, and a null at the end."""
    runs = f"SELECT r.queue FROM runs r WHERE r.state IN ({quoted(states)})"
    return f"""{name}(queue) AS (
    ({runs} ORDER BY r.queue LIMIT 1)
    UNION ALL
    SELECT ({runs} AND r.queue > {name}.queue ORDER BY r.queue LIMIT 1)
    FROM {name} WHERE {name}.queue IS NOT NULL
)"""


WAITING_QUEUES = queues_with("waiting", PUBLISHABLE_STATES)
"""The queues in which runs wait."""

HOLD = "*"
"""A hold is the pause of all queues: the row of a queue that no queue can be called."""


def is_paused(queue: str) -> str:
    """An SQL condition: the queue is paused, or all are held."""
    return f"({queue} IN (SELECT name FROM queues) OR {IS_HELD})"


IS_HELD = f"EXISTS (SELECT FROM queues WHERE name = '{HOLD}')"


# A run that may not overlap waits for those of its schedule that are under way, and for earlier ones that wait too.
# Many may wait for one that is under way: schedules with one are looked up once for all of them. Most others are alone,
# so that is asked next; then one question a state: each is answered by the first row of the index. The last is for what
# the release before has on its way to the broker.
_UNDER_WAY = """r.schedule_id IN (
          SELECT schedule_id FROM runs WHERE state = 'queued' AND schedule_id IS NOT NULL
          UNION ALL SELECT schedule_id FROM runs WHERE state = 'running' AND schedule_id IS NOT NULL)"""
_OTHER = "SELECT FROM runs o WHERE o.schedule_id = r.schedule_id AND o.id <> r.id AND o.state"
BLOCKED = f"""(r.overlap <> 'allow' AND r.schedule_id IS NOT NULL AND ({_UNDER_WAY}
          OR EXISTS ({_OTHER} IN ({quoted(LIVE_STATES)})) AND (
          (r.state = 'planned' AND EXISTS ({_OTHER} = 'retrying'))
          OR (r.state = 'planned' AND EXISTS ({_OTHER} = 'planned' AND (o.due_at, o.id) < (r.due_at, r.id)))
          OR EXISTS ({_OTHER} IN ({quoted(PUBLISHABLE_STATES)}) AND o.lease_until > now()))))"""
"""On `runs r`: an earlier run of its schedule is in its way."""

# Workers of one kind look alike. One of the release before does not say which actors it knows.
_QUEUES_OF_ACTORS = f"""(SELECT jsonb_object_agg(name, queues) FROM (
    SELECT a.name, jsonb_agg(q.queue) AS queues
    FROM actors a
    JOIN (SELECT DISTINCT w.queues, w.actors FROM workers w WHERE {LIVE} AND w.drain_requested_at IS NULL) k
        ON k.actors IS NULL OR k.actors ? a.name
    CROSS JOIN LATERAL jsonb_array_elements_text(k.queues) AS q(queue)
    WHERE {ANNOUNCED} GROUP BY a.name) reached)"""


def has_worker(actor: str, queue: str) -> str:
    """An SQL condition: a live worker that consumes the queue knows the actor. Who knows what is read once."""
    return f"coalesce({_QUEUES_OF_ACTORS} -> {actor} ? {queue}, false)"
