"""Hooks: a signal goes to the middleware that has a hook for it.

Dramatiq calls all of its middleware for each signal, four times a message. Nearly all of those hooks do nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dramatiq import Broker, Middleware
from dramatiq.middleware import AsyncIO, MiddlewareError

_FAILED = "%r failed in its hook %s"


class _Known(NamedTuple):
    middleware: list[Middleware]
    having: dict[str, list[Middleware]]


class OwnHooks(Broker):
    """A broker that leaves out the hooks that `Middleware` itself has, and calls all others as Dramatiq does: `before`
    in order and `after` in reverse; what one raises is logged, save what is meant to get through."""

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the `before` hooks of a signal."""
        hook = f"before_{signal}"
        for middleware in self.having(hook):
            try:
                getattr(middleware, hook)(self, *args, **kwargs)
            except MiddlewareError:
                raise
            except Exception:
                self.logger.critical(_FAILED, middleware, hook, exc_info=True)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the `after` hooks of a signal."""
        hook = f"after_{signal}"
        for middleware in reversed(self.having(hook)):
            try:
                getattr(middleware, hook)(self, *args, **kwargs)
            except Exception:
                self.logger.critical(_FAILED, middleware, hook, exc_info=True)

    def add_middleware(
        self, middleware: Middleware, *, before: type[Middleware] | None = None, after: type[Middleware] | None = None
    ) -> None:
        """As Dramatiq does, save that there is one event loop. Of two only the one that was made last is ended, and the
        other keeps the process from ending. One of another class than Dramatiq's takes the place of that."""
        loop = next((each for each in self.middleware if isinstance(each, AsyncIO)), None)
        if loop is None or not isinstance(middleware, AsyncIO):
            super().add_middleware(middleware, before=before, after=after)
        elif type(middleware) is AsyncIO:
            self.logger.debug("The broker has %r already: another one is left out.", loop)
        else:
            super().add_middleware(middleware, before=AsyncIO)
            self.middleware.remove(loop)

    def having(self, hook: str) -> Sequence[Middleware]:
        """The middleware that has this hook: looked up once, and anew when there is another middleware, which anybody
        may add at any time."""
        known: _Known | None = self.__dict__.get("_known")
        if known is None or known.middleware != self.middleware:
            known = self._known = _Known([*self.middleware], {})
        having = known.having.get(hook)
        if having is None:
            having = known.having[hook] = [each for each in known.middleware if _has_own(each, hook)]
        return having


def has_hooks(broker: Broker, *hooks: str) -> bool:
    """Whether any middleware has one of these hooks."""
    if not isinstance(broker, OwnHooks):
        return True
    return any(broker.having(hook) for hook in hooks)


def _has_own(middleware: Middleware, hook: str) -> bool:
    """Whether it does anything; what is no `Middleware` is called however it looks."""
    method = getattr(middleware, hook, None)
    return getattr(method, "__func__", method) is not getattr(Middleware, hook, middleware)
