"""Secrets: `${secret:NAME}` in arguments stands for the worker's environment variable `CALLSHEET_SECRET_NAME`."""

import os
import re
from typing import Any

from config.environment import SECRET_PREFIX

_REFERENCE = re.compile(r"\$\{secret:([A-Za-z0-9_]+)\}")
_MASK = "[secret]"
_SHORTEST = 4
"""Values shorter than this are not looked for: masking them would mask half of all text."""


class SecretMissing(LookupError):
    """The arguments refer to a secret that this worker's environment does not have."""


def resolve_secrets(value: Any) -> Any:
    """The value with every reference in its strings replaced. Raises SecretMissing, which names the variable."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _secret(match.group(1)), value)
    if isinstance(value, list):
        return [resolve_secrets(item) for item in value]
    if isinstance(value, dict):
        return {key: resolve_secrets(item) for key, item in value.items()}
    return value


def redact(text: str) -> str:
    """The text with the value of every secret of this process masked."""
    for name, value in os.environ.items():
        if name.startswith(SECRET_PREFIX) and len(value) >= _SHORTEST:
            text = text.replace(value, _MASK)
    return text


def _secret(name: str) -> str:
    variable = SECRET_PREFIX + name
    if variable not in os.environ:
        raise SecretMissing(f"the secret {name} is not set: this worker's environment has no {variable}")
    return os.environ[variable]
