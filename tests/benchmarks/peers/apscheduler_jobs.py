"""Many jobs of APScheduler 3 in PostgreSQL, due at one instant, each of which sends a Dramatiq message."""

import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from dramatiq import Message

from tests.benchmarks.peers.plain_dramatiq import broker

MISFIRE_SECONDS = 3600


def send() -> None:
    """What every job does."""
    broker.enqueue(Message(queue_name="default", actor_name="noop", args=(), kwargs={}, options={}))


def main() -> None:
    """Add the jobs, then run the scheduler."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(scheme="postgresql+psycopg").geturl()
    scheduler = BlockingScheduler(
        timezone=UTC,
        jobstores={"default": SQLAlchemyJobStore(url=url)},
        job_defaults={"misfire_grace_time": MISFIRE_SECONDS, "coalesce": True},
    )
    due = datetime.fromisoformat(os.environ["BENCHMARK_DUE"])
    trigger = CronTrigger(minute=due.minute, second=due.second, timezone=UTC)
    for number in range(int(os.environ["BENCHMARK_SCHEDULES"])):
        scheduler.add_job("tests.benchmarks.peers.apscheduler_jobs:send", trigger, id=str(number))
    scheduler.start()


if __name__ == "__main__":
    main()
