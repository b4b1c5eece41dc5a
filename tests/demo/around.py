"""What stands around the runs of the demo: people, what they did, why things are paused, tokens."""

from datetime import timedelta

from models.words.roles import Scope
from models.words.states import State
from scheduling.commands.audit import By

PEOPLE = {"anna": "admin", "bela": "editor", "chiara": "editor", "dmitri": "operator", "elif": "operator"}
WHO = tuple(By(name, role, f"10.4.0.{number}") for number, (name, role) in enumerate(PEOPLE.items(), 17))

PAUSES = {
    "newsletter.send-sg": ("The letter is written anew; marketing says when.", "chiara"),
    "carts.remind-au": ("Customers complain of two mails in a row.", "dmitri"),
    "report.daily-sales-fr": ("Bank holiday: nobody reads it.", "bela"),
    "legacy.feed-uk": ("The partner moves to SFTP.", "elif"),
    "legacy.feed-de": ("The partner moves to SFTP.", "elif"),
    "images.resize-br": ("The disk of the media host is full.", "dmitri"),
    "fraud.score-sg": ("5 failures in a row", "callsheet"),
    "search.reindex-ca": (None, "anna"),
}
"""Schedules that are paused: why, and by whom."""

TOKENS: tuple[tuple[str, str, Scope | None, timedelta | None], ...] = (
    ("ci-of-the-shop", "editor", None, timedelta(days=60)),
    ("wall-display", "viewer", None, None),
    ("grafana", "viewer", None, None),
    ("on-call", "operator", None, timedelta(days=6)),
    ("data-team", "editor", Scope("warehouse.", ()), None),
    ("finance", "viewer", Scope(None, ("finance",)), None),
    ("anna-laptop", "admin", None, timedelta(days=300)),
    ("migration-of-october", "admin", None, timedelta(hours=1)),
)
EXPIRED = "UPDATE tokens SET expires_at = now() - interval '9 days' WHERE name = 'migration-of-october'"

ERRORS: dict[str, tuple[tuple[str, str], ...]] = {
    "import_orders": (("ConnectionError", "no answer from 10.2.0.# within 30 s"), ("KeyError", "'vat_id'"),
                      ("OrderRefused", "order # has no address"), ("TimeoutError", "the queue of the shop is full")),
    "sync_stock": (("StockMismatch", "warehouse # counts fewer than it has sold"), ("ConnectionError",
        "connection reset"),
                   ("HTTPStatusError", "503 of https://stock.example/w/#"), ("DeadlockDetected", "deadlock on row #")),
    "call_partner": (("HTTPStatusError", "502 of https://partner.example/v2/#"), ("SSLError",
        "certificate has expired"),
                     ("TimeoutError", "read timed out after 10 s"), ("JSONDecodeError", "Expecting value: char #")),
    "send_mails": (("SMTPServerDisconnected", "Connection unexpectedly closed"), ("TemplateError",
        "no such field: first_name"),
                   ("RateLimited", "too many mails: wait # s"), ("SMTPRecipientsRefused", "# addresses refused")),
    "build_report": (("MemoryError", ""), ("QueryCanceled", "statement timeout"), ("FileNotFoundError",
        "/mnt/reports/#.xlsx"),
                     ("ValueError", "month # is not closed")),
    "charge": (("CardDeclined", "# cards were declined"), ("BankClosed", "no payments on a holiday"),
               ("SignatureInvalid", "the bank's answer is not signed"), ("TimeoutError", "no answer within 60 s")),
    "export": (("OperationalError", "could not connect to warehouse-#.internal"), ("DiskFull",
        "No space left on device"),
               ("SchemaChanged", "column net_# is unknown"), ("S3Error", "SlowDown: reduce your request rate")),
    "train": (("ValueError", "fewer than # samples"), ("CudaError", "out of memory"), ("NotConverged", "loss is nan"),
              ("TimeoutError", "no worker of the cluster within 120 s")),
}  # fmt: skip
OTHER_ERRORS = (("RuntimeError", "item # can't be read"), ("TimeoutError", "gave up after 30 s"),
                ("OSError", "[Errno 28] No space left on device"), ("AssertionError", ""))  # fmt: skip

STANDING = f"""
UPDATE schedules s SET id = d.id, created_at = %(since)s, updated_at = %(since)s, cursor_at = least(%(now)s,
    d.until_at),
    next_due_at = CASE WHEN d.until_at IS NOT NULL THEN NULL WHEN s.next_due_at IS NOT NULL THEN %(now)s END,
    paused_at = d.until_at, slots_run = coalesce(ran.slots, 0), consecutive_failures = CASE
        WHEN d.broken_at IS NULL THEN 0 ELSE coalesce(ran.failures, 0) END
FROM demo_schedules d LEFT JOIN (
    SELECT r.schedule_id, count(*) FILTER (WHERE r.state <> '{State.SKIPPED}') AS slots,
        count(*) FILTER (WHERE r.state = '{State.FAILED}' AND r.slot_at > b.broken_at) AS failures
    FROM runs r JOIN demo_schedules b ON b.id = r.schedule_id WHERE r.trigger = 'schedule' GROUP BY r.schedule_id
) ran ON ran.schedule_id = d.id
WHERE s.name = d.name
"""
PAUSED = "UPDATE schedules SET pause_reason = %(reason)s, paused_by = %(by)s WHERE name = %(name)s"
ENDS = """
UPDATE schedules SET paused_until = %(now)s + interval '2 days', next_due_at = %(now)s + interval '2 days'
WHERE name IN ('report.daily-sales-fr', 'images.resize-br')
"""
SET_ASIDE = "UPDATE schedules SET error = 'the zone Asia/Calcutta2 is not known here' WHERE name = 'keys.rotate-in'"
GAP = "INSERT INTO scheduling_gaps VALUES (%(gap_since)s, %(gap_until)s) ON CONFLICT DO NOTHING"
DEAD_LETTERS = (
    {"reason": "bad_arguments", "because": "its arguments can't be stored: unsupported Unicode escape sequence",
     "bytes": 3124},
    {"reason": "not_json", "because": "it is no JSON: Expecting value at character 0", "bytes": 212},
)  # fmt: skip
QUEUE = "UPDATE queues SET paused_at = %(held)s"

ACTS = """
INSERT INTO audit (at, who, role, address, action, target, after, reason)
SELECT now(), (%(people)s::text[])[1 + n %% 5], (%(roles)s::text[])[1 + n %% 5], '10.4.0.' || 17 + n %% 5, act.action,
    'schedules/' || d.name, CASE act.action WHEN 'schedule.pause' THEN '{"until": null}'::jsonb END,
    CASE act.action WHEN 'schedule.pause' THEN (ARRAY['lunch', 'the partner is down', 'deploy',
        'too many mails'])[1 + n %% 4]
        END
FROM generate_series(1, 2000) n
JOIN (SELECT name, row_number() OVER (ORDER BY name) - 1 AS place, count(*) OVER () AS places FROM demo_schedules) d
    ON d.place = n * 13 %% d.places
CROSS JOIN LATERAL (SELECT (ARRAY['schedule.trigger', 'schedule.pause', 'schedule.resume'])[1 + n %% 3] AS action) act
ORDER BY n
"""
# All that was noted happened in the order in which it is there, spread over the time of the demo.
SPREAD = (
    "UPDATE audit SET at = %(since)s + (%(now)s - %(since)s) * (id::float / (SELECT max(id) FROM audit))",
    """
    UPDATE schedule_versions v SET at = %(since)s + (%(now)s - %(since)s)
        * ((v.version - 1)::float / (SELECT max(version) FROM schedule_versions m WHERE m.name = v.name))
    """,
)
