"""Sessions that outlive what made them good: a server that was read-only for a while, a path that led nowhere."""

import psycopg
import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.mark.parametrize("setting", ["default_transaction_read_only = on", "search_path = nowhere"])
def test_processes_come_back_although_their_connections_stay_open(deployment: Deployment, setting: str) -> None:
    """What was set when they were opened is theirs for as long as they live; only new ones are good again."""
    name = setting.split()[0]
    deployment.create("each", actor="log_message", args={"message": "x"}, every_seconds=1)
    eventually(lambda: deployment.runs(state="succeeded"))
    with psycopg.connect(deployment.database_url, autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        session.execute(f"ALTER DATABASE {session.info.dbname} SET {setting}")
        session.execute(END_ALL)
        eventually(lambda: deployment.api.get("/health/ready").status_code == 503)
        session.execute(f"ALTER DATABASE {session.info.dbname} RESET {name}")
    run = eventually(lambda: deployment.api.post("/v1/schedules/each/trigger", json={"overlap": "allow"}), 10)
    assert run.status_code == 202, run.text
    assert deployment.finished(run.json()["id"], 20)["state"] == "succeeded"
    before = len(deployment.runs(state="succeeded", trigger="schedule"))
    eventually(lambda: len(deployment.runs(state="succeeded", trigger="schedule")) >= before + 3, 20)
    assert deployment.query("SELECT count(*) FROM schedules WHERE error IS NOT NULL") == [(0,)]
