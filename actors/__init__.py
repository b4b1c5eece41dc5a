"""The actors: every file here is one, or brings some. Importing this package costs nothing and reads no setting.

It sets a broker where there is none. What makes a process a worker is `worker/booting/boot.py`.
"""

import dramatiq.broker

from actors.worker.booting.names import check_names

check_names()

from actors.worker.wiring import make_broker  # noqa: E402 - it stands on those packages

if dramatiq.broker.global_broker is None:
    dramatiq.set_broker(make_broker())
