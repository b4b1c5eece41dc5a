"""Which runs a visitor has chosen: the filters in the URL, by the names that the API has for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.visits import Visit
from api.shapes.run_query import RunQuery

FILTERS = ("state", "schedule", "actor", "trigger", "since", "until", "error", "fingerprint", "q")
INSTANTS = ("since", "until")


class Chip(NamedTuple):
    """A filter that is in force, and where it is left out."""

    name: str
    value: str
    without: str


@dataclass(frozen=True)
class Chosen:
    """`query` is what is asked for; `given` what stands in the URL, spans up to now as they are written."""

    query: RunQuery
    given: Mapping[str, Any]

    @property
    def lasting(self) -> Mapping[str, Any]:
        """The same, with instants for spans: what somebody has been told holds for what they do next."""
        instants = {name: getattr(self.query, name) for name in INSTANTS}
        return dict(self.given) | {name: at.isoformat() for name, at in instants.items() if at is not None}

    def chips(self, path: str) -> list[Chip]:
        """Each filter with the link that leaves it out."""
        chips = []
        for name, value in self.given.items():
            for each in value if isinstance(value, list) else [value]:
                rest = [other for other in value if other != each] if isinstance(value, list) else None
                chips.append(Chip(name, each, link_with(path, self.given, **{name: rest or None})))
        return chips


def chosen_of(visit: Visit, shown: int) -> Chosen:
    """What the visitor has chosen, pages of `shown` runs unless they ask for others. Raises Refused."""
    states = _states(visit)
    given: dict[str, Any] = dict(visit.query) | ({"state": states} if states else {})
    times = {name: instant_of(given[name], ago=True) for name in INSTANTS if name in given}
    query = asked(RunQuery, {"limit": str(shown)} | given | times)
    return Chosen(query, {name: given[name] for name in FILTERS if name in given})


def _states(visit: Visit) -> list[str]:
    """Each once: it is the one filter that may be given several times."""
    return list(dict.fromkeys(parse_qs(urlsplit(visit.path).query).get("state", [])))
