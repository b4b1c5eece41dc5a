"""Finding the actors: every file of this package, and the modules named in the settings."""

import pkgutil
from importlib import import_module

import actors
from config.settings import get_settings


def import_actors() -> None:
    """Import what declares actors. Importing a module that declares none costs nothing."""
    for module in pkgutil.iter_modules(actors.__path__, "actors."):
        import_module(module.name)
    for name in get_settings().actors.modules:
        import_module(name)
