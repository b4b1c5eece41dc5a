"""The actors of the shop, which a worker imports: `callsheet worker shop.tasks`."""

import dramatiq

from actors.context import current_run
from shop.models import open_invoices


@dramatiq.actor(max_retries=3, min_backoff=1000, time_limit=60_000)
def send_reminders(days: int = 14) -> int:
    """Remind whoever has not paid for longer than so many days."""
    late = [invoice for invoice in open_invoices() if invoice.days > days]
    for invoice in late:
        current_run().output.write(f"reminded {invoice.customer}\n")
    return len(late)
