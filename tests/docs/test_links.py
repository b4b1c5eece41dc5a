"""Links and paths of the documentation lead somewhere."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, name_of, prose_of
from tests.end_to_end.deployment import ROOT

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(
    r"(?:(?:\.ci|actors|api|config|deploy|docs|migrations|models|scheduling|tests)/[\w./-]*|\w+\.(?:yaml|toml|md))"
)

YOURS = {"actors/greet.py", "actors/export.py"}
"""Files that a page tells its reader to make."""


def slugs_of(path: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    seen: Counter[str] = Counter()
    slugs = set()
    for heading in re.findall(r"^#+ (.+)$", prose_of(path), flags=re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        slugs.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return slugs


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for target in LINK.findall(prose_of(page)):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        if anchor:
            assert anchor in slugs_of(path), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_exists(page: Path) -> None:
    for quoted in QUOTED.findall(prose_of(page)):
        if PATH.fullmatch(quoted) and quoted not in YOURS:
            assert (ROOT / quoted).exists(), quoted


def test_every_page_and_example_stands_in_the_index() -> None:
    listed = {(ROOT / "docs" / target).resolve() for target in LINK.findall((ROOT / "docs" / "index.md").read_text())}
    there = {path for pattern in ("*.md", "decisions/*.md", "examples/*.py") for path in (ROOT / "docs").glob(pattern)}
    assert there - listed == {ROOT / "docs" / "index.md"}
