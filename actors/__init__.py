"""The actors: every file here is one, or brings some. Importing this package costs nothing and reads no setting.

It sets a broker where there is none. What makes a process a worker is `worker/booting/boot.py`.
"""

import dramatiq.broker

from actors.worker.booting.names import check_names

check_names()

from config.collector import at_rest  # noqa: E402 - it is one of those packages

with at_rest():
    from actors.worker.wiring import make_broker

if dramatiq.broker.global_broker is None:
    dramatiq.set_broker(make_broker())
