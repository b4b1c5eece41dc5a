"""Making a month loses no run: what came before its month moves behind a lock of the whole tables, or stays."""

from alembic import op

revision = "0008"
down_revision = "0007"

# A statement that waits for the lock of a row finds it gone once it has moved; one that waits for the lock of a table
# looks again. The lock is short: of more rows than are moved at once the month has to do without a partition.
MAKE_PARTITIONS = """
CREATE OR REPLACE FUNCTION callsheet_make_partitions(months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    most CONSTANT integer := 10000;
    month timestamp;
    parent text;
    partition text;
    key text;
    first uuid;
    after uuid;
    early integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('callsheet_make_partitions'));
    FOR month IN SELECT generate_series(
        date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
        date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months),
        interval '1 month')
    LOOP
        CONTINUE WHEN to_regclass('runs_' || to_char(month, 'YYYY_MM')) IS NOT NULL;
        first := callsheet_first_id(month AT TIME ZONE 'UTC');
        after := callsheet_first_id((month + interval '1 month') AT TIME ZONE 'UTC');
        SELECT count(*) INTO early FROM (
            (SELECT FROM runs_default WHERE id >= first AND id < after LIMIT most + 1)
            UNION ALL
            (SELECT FROM run_outputs_default WHERE run_id >= first AND run_id < after LIMIT most + 1)) rows;
        IF early > most THEN
            RAISE WARNING 'runs of % stay in the default partition: more than % rows', to_char(month, 'YYYY-MM'), most;
            CONTINUE;
        END IF;
        LOCK TABLE runs, run_outputs IN ACCESS EXCLUSIVE MODE;
        FOREACH parent IN ARRAY ARRAY['runs', 'run_outputs'] LOOP
            partition := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
            key := CASE parent WHEN 'runs' THEN 'id' ELSE 'run_id' END;
            EXECUTE format(
                'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH ('
                'fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05)',
                partition, parent);
            EXECUTE format(
                'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                parent || '_default', key, first, key, after, partition);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, first, after);
        END LOOP;
    END LOOP;
END
$$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(MAKE_PARTITIONS)


def downgrade() -> None:
    """The function stays: it is called and answers as the one before, which lost runs."""
