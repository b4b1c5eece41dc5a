"""All tables, for alembic and for whoever needs the whole metadata."""

from sqlmodel import SQLModel

from models.tables.process import AnnouncedActor, Scheduler, SchedulingGap, Worker
from models.tables.queue import PausedQueue
from models.tables.run import Run, RunOutput, TriggerKey
from models.tables.schedule import Schedule

TABLES = (Schedule, Run, RunOutput, TriggerKey, Worker, Scheduler, SchedulingGap, PausedQueue, AnnouncedActor)
metadata = SQLModel.metadata

__all__ = [
    "TABLES",
    "AnnouncedActor",
    "PausedQueue",
    "Run",
    "RunOutput",
    "Schedule",
    "Scheduler",
    "SchedulingGap",
    "TriggerKey",
    "Worker",
    "metadata",
]
