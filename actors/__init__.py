"""The actors, and the wiring of a worker: `dramatiq actors` imports this package.

Every module of this package that declares an actor is imported, then the modules that the setting `actors.modules`
names. A process that has set a broker of its own before (`callsheet up` does) keeps it.
"""

import dramatiq.broker

if dramatiq.broker.global_broker is None:
    from config.logging import configure_logging
    from config.settings import settings_or_exit

    _settings = settings_or_exit("database.url", "amqp.url")
    configure_logging(_settings.log)

    from actors.brokers import RabbitBroker
    from actors.middleware import make_middleware

    dramatiq.set_broker(RabbitBroker(_settings.amqp, make_middleware(_settings)))

from actors.discovery import import_actors

import_actors()
