"""Ask everything odd, then read everything back, and plan it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tests.end_to_end.deployment import TOKEN
from tests.fuzz.asking import Asker
from tests.fuzz.fields import bodies
from tests.fuzz.site import Site
from tests.fuzz.urls import around_operations, parts

_PIECE = 500
_LISTS = ("schedules", "runs", "audit", "queues", "tokens", "actors", "workers", "upcoming")
_OF_ONE = ("", "/upcoming", "/slots", "/versions", "/explain?at=2030-01-01T00:00:00Z")


def ask_everything(there: Site, every: int = 1) -> tuple[int, list[str]]:
    """How many calls there were, and what was found. Of the odd values one in `every`."""
    asker = Asker(there.port, TOKEN)
    calls = _calls(asker, there, every)
    while piece := list(islice(calls, _PIECE)):
        there.put_standing()
        for call in piece:
            asker.ask(*call)
        asker.findings += there.set_aside()
    _read_back(asker)
    asker.close()
    return asker.asked, asker.findings


def _calls(asker: Asker, there: Site, every: int) -> Iterator[tuple[Any, ...]]:
    for sent in bodies(asker.document, every):
        yield sent.method, sent.path.replace("{id}", there.known["id"]), sent.body.encode("utf-8", "surrogatepass")
    yield from parts(asker.document, there.known, every)
    yield from around_operations(asker.document, there.known, every)


def _read_back(asker: Asker) -> None:
    """One row must not hide the others: every page of every list, and each schedule by itself."""
    names = []
    for what in _LISTS:
        cursor: str | None = ""
        while cursor is not None:
            page = asker.ask("GET", f"/v1/{what}?limit=500{cursor and f'&cursor={cursor}'}")
            if page.status != 200:
                asker.findings.append(f"GET /v1/{what} is {page.status}")
                break
            names += [each["name"] for each in page.json["items"]] if what == "schedules" else []
            cursor = page.json["next"]
    for name in names:
        for rest in _OF_ONE:
            if (said := asker.ask("GET", f"/v1/schedules/{name}{rest}")).status != 200:
                asker.findings.append(f"GET /v1/schedules/{name}{rest} is {said.status}")
