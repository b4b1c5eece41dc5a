"""Secrets of arguments, held to who may use which: by what live workers have announced, else by the settings here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from config.references import has_reference, secrets_in
from config.secret_rules import ASK_URLS, Target, is_within, reach, say_rules
from config.settings import get_settings
from models.processes import list_secrets
from models.words.faults import Fault
from models.words.text import texts_in

Rules = Mapping[str, Sequence[str]]
"""Of the secrets that not every actor may use: who may."""


def rules_for(connection: sa.Connection, args: Iterable[Mapping[str, Any]]) -> Rules:
    """The rules, as far as these arguments need any."""
    if not any(secrets_in(texts_in(each)) for each in args):
        return {}
    announced = {secret.name: secret.allow for secret in list_secrets(connection)}
    known = {**get_settings().secrets.allow, **announced}
    return {name: allow for name, allow in known.items() if allow is not None}


def check_secrets(rules: Rules, actor: str, args: Mapping[str, Any]) -> list[Fault]:
    """What the actor may not use, or not there; the worker refuses what is not known before the run."""
    found = []
    for argument, value in args.items():
        for name in secrets_in(texts_in(value)):
            where = reach(rules.get(name), actor)
            if not where:
                found.append(Fault(("args", argument), _say(name, actor, rules)))
            elif actor in ASK_URLS and not _may_be_within(args.get("url"), where):
                found.append(Fault(("args", "url"), f"is not where the secret {name} may go: {say_rules(rules[name])}"))
    return list(dict.fromkeys(found))


def _say(name: str, actor: str, rules: Rules) -> str:
    return f"refers to the secret {name}, which the actor {actor} may not use: {say_rules(rules[name])}"


def _may_be_within(url: Any, patterns: Sequence[str]) -> bool:
    """Whether a request to this URL may be in reach, as far as it can be read here."""
    if not isinstance(url, str) or has_reference(url) or not url.isascii():
        return True
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return True
    return is_within(Target(parts.scheme, parts.hostname or "", port, parts.path or "/"), patterns)
