"""Who may use a secret: the rules of `secrets.allow`, such as `sync_*` or `http_request https://crm.example.com/*`.

A rule is a pattern of actors' names and, for those that send requests, a pattern of URLs: scheme, host and path as they
must be, where `*` stands for any text, but never for what comes after the host. A query does not count.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import unquote

ASK_URLS = ("http_request", "notify")
"""The actors whose rules may have a pattern of URLs."""

ANYWHERE = "*"
"""In the place of a pattern of URLs: no matter where."""

_URL = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._*-]+)(?::([0-9]{1,5}|\*))?(/[^\s?#]*)")
_ACTOR = re.compile(r"[A-Za-z_*?\[][\w.*?\[\]!-]*", re.ASCII)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Target:
    """Where a request goes: a URL as its client has read it. `host` is in ASCII, `path` as it is sent."""

    scheme: str
    host: str
    port: int | None
    path: str


def check_rule(rule: str) -> str:
    """The rule. Raises ValueError for what is none."""
    actor, *urls = rule.split() or [""]
    if len(urls) > 1 or not _ACTOR.fullmatch(actor):
        raise ValueError("must be a name of actors or a pattern of names, with a pattern of URLs or without")
    if urls and not (rule.isascii() and _URL.fullmatch(urls[0])):
        raise ValueError("a pattern of URLs has a scheme, a host and a path, as in https://crm.example.com/*")
    if urls and not any(fnmatchcase(name, actor) for name in ASK_URLS):
        raise ValueError(f"only {' and '.join(ASK_URLS)} can have a pattern of URLs")
    return rule


def reach(rules: Iterable[str] | None, actor: str) -> tuple[str, ...]:
    """Where an actor may use a secret with these rules (None for one without): patterns of URLs, or ANYWHERE; none
    where it may not."""
    if rules is None:
        return (ANYWHERE,)
    found = []
    for rule in rules:
        name, *urls = rule.split()
        if fnmatchcase(actor, name) and (not urls or actor in ASK_URLS):
            found.append(urls[0] if urls else ANYWHERE)
    return (ANYWHERE,) if ANYWHERE in found else tuple(found)


def is_within(target: Target, patterns: Collection[str]) -> bool:
    """Whether a request to there is in reach."""
    return any(pattern == ANYWHERE or _fits(target, pattern) for pattern in patterns)


def say_rules(rules: Sequence[str]) -> str:
    """The rules, behind what does not keep them."""
    return f"secrets.allow has {', '.join(rules)}" if rules else "secrets.allow has nobody"


def _fits(target: Target, pattern: str) -> bool:
    match = _URL.fullmatch(pattern)
    if match is None or target.scheme != match[1]:
        return False
    host, port, path = match[2].strip("[]").lower(), match[3], match[4]
    wanted = _PORTS[target.scheme] if port is None else port
    given = _PORTS[target.scheme] if target.port is None else target.port
    if wanted != ANYWHERE and int(wanted) != given:
        return False
    if path != "/*" and {".", ".."} & set(re.split(r"[/\\]", unquote(target.path))):
        return False  # whoever answers may take that for another path
    return bool(_glob(host).fullmatch(target.host.lower()) and _glob(path).fullmatch(target.path))


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
