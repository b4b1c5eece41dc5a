"""Making a month loses no run: what came before its month moves behind a lock of the whole tables, or stays."""

from alembic import op

revision = "0008"
down_revision = "0007"

# A statement that waits for the lock of a row finds it gone once it has moved; one that waits for the lock of a table
# looks again. Nobody may wait for long: where more came than can be moved at once the month has no partition.
MAKE_PARTITIONS = """
CREATE OR REPLACE FUNCTION callsheet_make_partitions(months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    most_rows CONSTANT integer := 10000;
    most_bytes CONSTANT integer := 16777216;
    month timestamp;
    parent text;
    partition text;
    key text;
    first uuid;
    after uuid;
    early integer;
    bytes bigint;
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
        SELECT count(*), sum(size) INTO early, bytes FROM (
            (SELECT pg_column_size(args) + coalesce(pg_column_size(result), 0) + pg_column_size(attempts) AS size
             FROM runs_default WHERE id >= first AND id < after LIMIT most_rows + 1)
            UNION ALL
            (SELECT coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(error_traceback), 0)
             FROM run_outputs_default WHERE run_id >= first AND run_id < after LIMIT most_rows + 1)) rows;
        IF early > most_rows OR bytes > most_bytes THEN
            RAISE WARNING 'runs of % stay in the default partition: they are too many to be moved', to_char(month, 'YYYY-MM');
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
