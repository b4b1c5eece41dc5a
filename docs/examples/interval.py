"""A schedule of `http_request` whose requests name their interval of data: from the slot before to their own.

Each request asks for what has come since the last slot, so that every hour is asked for once, also by a retry or when
callsheet was away for a while. No actor of your own is needed.

Run it while callsheet runs: TOKEN=… python docs/examples/interval.py
Other places: CALLSHEET_URL=https://callsheet.example.com, ORDERS_URL=https://shop.example.com/orders.
"""

import os

import httpx

SCHEDULE = {
    "description": "Orders of the last hour, a few minutes after it.",
    "actor": "http_request",
    "args": {
        "url": os.environ.get("ORDERS_URL", "https://example.com/orders"),
        "params": {"since": "${run:previous_slot_at}", "until": "${run:slot_at}"},
        "headers": {"Authorization": "Bearer ${secret:SHOP}"},  # CALLSHEET_SECRET_SHOP of the worker
    },
    "cron": "5 * * * *",
    "timezone": "Europe/Berlin",
    "catchup": "all",
    "overlap": "buffer_all",
    "max_retries": 3,
}

callsheet = httpx.Client(
    base_url=os.environ.get("CALLSHEET_URL", "http://127.0.0.1:8000"),
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},
)
# PUT creates or replaces, so that the script may run again.
answer = callsheet.put("/v1/schedules/orders", json=SCHEDULE)
answer.raise_for_status()
for slot in callsheet.get("/v1/schedules/orders/upcoming", params={"count": 3}).json()["items"]:
    print("will ask at", slot["due_at"])
