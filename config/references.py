"""The grammar of references in arguments: `${secret:NAME}` and `${run:FIELD}`."""

import re

REFERENCE = re.compile(r"\$\{(secret|run):([A-Za-z0-9_]+)\}")
"""A reference; its kind and its name."""

_BEGINNING = re.compile(r"\$\{(?:secret|run):")


def has_reference(text: str) -> bool:
    """Whether the text holds a reference."""
    return REFERENCE.search(text) is not None


def is_misspelt(text: str) -> bool:
    """Whether something in the text begins like a reference and is none, so that it would be handed on as it stands."""
    return len(_BEGINNING.findall(text)) > len(REFERENCE.findall(text))
