"""Numbers of JSON, as PostgreSQL keeps them and as they came."""

import re
from decimal import Decimal

_LARGE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?e\+\d+')


def write_large_out(text: str) -> str:
    """JSON as `json.dumps` writes it, without exponents of large numbers: as PostgreSQL reads them, they are whole
    numbers, and what was a float would come back as an int."""
    return _LARGE.sub(_write_out, text) if "e+" in text else text


def _write_out(found: re.Match[str]) -> str:
    token = found[0]
    return token if token.startswith('"') else f"{Decimal(token):f}.0"
