"""Storage at scale: indexes for what is looked for each second and most often, and months of history dropped whole."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, create_index

revision = "0003"
down_revision = "0002"

INDEXES = (
    (
        "runs_deadline",
        "(deadline_at) WHERE state IN ('planned', 'queued') AND deadline_at IS NOT NULL",
        "rescue: runs that missed their start deadline",
    ),
    (
        "runs_finished",
        "USING brin (finished_at) WITH (pages_per_range = 32)",
        "prune: whether anything of a month lives or ended lately",
    ),
    (
        "runs_failed_by_schedule",
        "(schedule_id, id) WHERE state = 'failed'",
        "API: failed runs of one schedule, newest first",
    ),
)

# One month a call, so that the lock on the whole table is short. Rows may still come for a month that is long past:
# they are looked for again behind the lock, by an index that answers at once.
DROP_PARTITION = """
CREATE FUNCTION callsheet_drop_partition(age interval) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    month text;
    kept boolean;
BEGIN
    FOR month IN
        SELECT right(c.relname, 7) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'runs'::regclass AND c.relname ~ '^runs_[0-9]{4}_[0-9]{2}$'
          AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' < now() - age
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at IS NULL OR finished_at >= $1)', 'runs_' || month)
            INTO kept USING now() - age;
        CONTINUE WHEN kept;
        LOCK TABLE runs, run_outputs IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at IS NULL OR finished_at >= $1)', 'runs_' || month)
            INTO kept USING now() - age;
        CONTINUE WHEN kept;
        EXECUTE format('DROP TABLE %I', 'runs_' || month);
        EXECUTE format('DROP TABLE IF EXISTS %I', 'run_outputs_' || month);
        RETURN month;
    END LOOP;
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for name, what, serves in INDEXES:
        create_index("runs", name, what, serves)
    op.execute("CREATE INDEX schedules_code ON schedules (name) WHERE source = 'code'")
    op.execute("COMMENT ON INDEX schedules_code IS 'the scheduling loop: schedules that code declares'")
    op.execute(DROP_PARTITION)


def downgrade() -> None:
    op.execute("DROP FUNCTION callsheet_drop_partition(interval)")
    for name in ("schedules_code", *(name for name, _, _ in INDEXES)):
        op.execute(f"DROP INDEX {name}")
