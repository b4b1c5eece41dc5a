"""All tables, for alembic and for whoever needs the whole metadata."""

from sqlmodel import SQLModel

from models.run import Run, RunOutput, TriggerKey
from models.schedule import Schedule
from models.worker import AnnouncedActor, Scheduler, Worker

TABLES = (Schedule, Run, RunOutput, TriggerKey, Worker, Scheduler, AnnouncedActor)
metadata = SQLModel.metadata

__all__ = ["TABLES", "AnnouncedActor", "Run", "RunOutput", "Schedule", "Scheduler", "TriggerKey", "Worker", "metadata"]
