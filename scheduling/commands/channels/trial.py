"""Try a channel: a notice that says nothing but that it works."""

from uuid import UUID

import sqlalchemy as sa

from models.notices.channels import Channel
from models.notices.deliveries import NewDelivery, insert_deliveries
from models.notices.notice import Notice
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.notices import TEST
from scheduling.commands.audit import By, note


def try_channel(connection: sa.Connection, channel: Channel, by: By) -> UUID:
    """Send a notice through a channel; the id of the run that tells it."""
    now = read_clock(connection)
    run = new_run_id(now)
    notice = Notice(id=str(run), kind=TEST, at=now)
    insert_deliveries(connection, [NewDelivery(run, channel.name, notice.as_json())], now, by.who)
    note(connection, by, "channel.test", f"channels/{channel.name}", after={"run": str(run)})
    return run
