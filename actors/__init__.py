"""The actors, and the wiring of a worker: `dramatiq actors` imports this package.

Every file of this folder is imported, then the modules that the setting `actors.modules`
names.
"""

import dramatiq

from actors.worker.running.log_capture import capture_logs
from actors.worker.wiring import import_actors, make_broker
from config.logging import configure_logging
from config.settings import settings_or_exit

_settings = settings_or_exit("database.url", "amqp.url")
configure_logging(_settings.log)
capture_logs()
dramatiq.set_broker(make_broker(_settings))
import_actors(_settings)
