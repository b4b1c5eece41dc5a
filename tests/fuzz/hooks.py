"""What schemathesis is told of how calls are made."""

from itertools import count
from typing import Any

import schemathesis

_addresses = count()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Every call comes from an address of its own, so that wrong tokens of some hold up no others."""
    number = next(_addresses)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
