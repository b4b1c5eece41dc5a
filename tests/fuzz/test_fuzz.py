"""A short fuzz of the API, each time the same; `make fuzz` is the long one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployment import TOKEN
from tests.fuzz.generated import generate
from tests.fuzz.play import ask_everything
from tests.fuzz.site import Site, site

SHORT = ("--generation-deterministic", "--phases=examples,fuzzing,stateful")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("fuzz")) as there:
        yield there


def test_odd_values_in_bodies_urls_and_headers_are_taken_or_refused_as_described_and_all_of_it_can_be_planned(
    there: Site,
) -> None:
    asked, findings = ask_everything(there, every=61)
    assert findings == []
    assert asked > 800


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_generated_calls_are_answered_as_described(there: Site, tmp_path: Path, role: str) -> None:
    token = TOKEN if role == "admin" else there.give_token(role)
    found = generate(there.url, token, tmp_path, 2, *SHORT)
    assert found.is_well, found.said
    assert found.cases > 100
    assert there.set_aside() == []
