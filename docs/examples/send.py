"""A script that sends plain messages: each gets a run and a history, as if a schedule had asked for it.

Run it where a worker runs on the same servers:

    DATABASE_URL=… AMQP_URL=… python docs/examples/send.py

from the folder that has `actors/` in it, then look at `GET /v1/runs?trigger=message`.
"""

import sys

sys.path.insert(0, ".")

from actors.log_message import log_message

log_message.send("sent from a script")
log_message.send_with_options(args=("sent for later",), kwargs={"level": "warning"}, delay=1500)
print("sent two messages")
