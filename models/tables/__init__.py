"""All tables, for alembic and for whoever needs the whole metadata."""

from sqlmodel import SQLModel

from models.tables.access import AuditEntry, ScheduleVersion, Session, Token
from models.tables.counter import Counter
from models.tables.event import Event, EventRelay, ToldState
from models.tables.failure import Error, ErrorOfSchedule, FailedRun
from models.tables.housekeeping import DeletedSchedule, Housekeeping
from models.tables.live import LiveOutput, LiveProgress
from models.tables.notice import ChannelRow, Delivery, Notifier, Standing
from models.tables.process import AnnouncedActor, Scheduler, SchedulingGap, Worker
from models.tables.queue import DeadLetters, PausedQueue
from models.tables.run import Run, RunOutput, TriggerKey
from models.tables.schedule import Schedule
from models.tables.statistics import Statistic, StatisticsNote, ToldStatistics

TABLES = (
    Schedule, Run, RunOutput, TriggerKey, Worker, Scheduler, SchedulingGap, PausedQueue, AnnouncedActor, Token,
    AuditEntry, ScheduleVersion, Error, ErrorOfSchedule, FailedRun, DeletedSchedule, Housekeeping,
    Session, LiveOutput, LiveProgress, Statistic, StatisticsNote, ToldStatistics, Event, EventRelay, ToldState,
    Counter, ChannelRow, Standing, Delivery, Notifier, DeadLetters,
)  # fmt: skip
metadata = SQLModel.metadata

__all__ = [
    "TABLES",
    "AnnouncedActor",
    "AuditEntry",
    "ChannelRow",
    "Counter",
    "DeadLetters",
    "DeletedSchedule",
    "Delivery",
    "Error",
    "ErrorOfSchedule",
    "Event",
    "EventRelay",
    "FailedRun",
    "Housekeeping",
    "LiveOutput",
    "LiveProgress",
    "Notifier",
    "PausedQueue",
    "Run",
    "RunOutput",
    "Schedule",
    "ScheduleVersion",
    "Scheduler",
    "SchedulingGap",
    "Session",
    "Standing",
    "Statistic",
    "StatisticsNote",
    "Token",
    "ToldState",
    "ToldStatistics",
    "TriggerKey",
    "Worker",
    "metadata",
]
