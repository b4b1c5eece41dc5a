"""All tables, for alembic and for whoever needs the whole metadata."""

from sqlmodel import SQLModel

from models.run import Run, RunOutput, TriggerKey
from models.schedule import Schedule
from models.worker import AnnouncedActor, PausedQueue, Scheduler, SchedulingGap, Worker

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
