"""`make screenshots`: every page of the demo, light and dark, into docs/screenshots/."""

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.dashboard.all_pages.places import FIELD, GETS, place_of
from tests.demo.values import running_run, values_of
from tests.end_to_end.deployment import ROOT
from tests.servers.chromium import find_chromium
from tests.servers.places import free_port
from tests.waiting import eventually

FOLDER = ROOT / "docs" / "screenshots"
WIDTH, HEIGHT, MOST_HEIGHT = 1280, 800, 1400
THEMES = ("light", "dark")
MOST_BYTES = 150_000
FILL_SECONDS = 600
RUN_SECONDS = 200
"""At the latest so soon one begins that takes minutes."""

TWICE = ("/schedules/{name}/page", "/channels/{name}/page")
"""Pages by another way."""

SHOWN = "prices.refresh-br"
"""The schedule that is shown: one that is not well."""


def main() -> int:
    """Fill a demo, take the pictures, and say how large they are."""
    program = find_chromium()
    if program is None:
        print(
            "the pictures are taken in Chromium, which is not installed here: apt-get install chromium", file=sys.stderr
        )
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _demo() as (link, engine), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        pictures = list(_take_all(browser, link, engine))
        browser.close()
    for old in set(FOLDER.glob("*.png")) - set(pictures):
        old.unlink()
    sizes = {path.name: path.stat().st_size for path in pictures}
    print(f"{len(sizes)} pictures, {sum(sizes.values()) / 1000:,.0f} kB in {FOLDER.relative_to(ROOT)}")
    for name, size in sizes.items():
        if size > MOST_BYTES:
            print(f"{name} is large: {size / 1000:,.0f} kB")
    return 0


@contextmanager
def _demo() -> Iterator[tuple[str, sa.Engine]]:
    """A demo of its own: the link that signs in, and its database."""
    with tempfile.TemporaryDirectory(prefix="callsheet-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's PostgreSQL runs as somebody else
        data = Path(folder) / "data"
        environment = os.environ | {"DATA": str(data), "PORT": str(free_port())}
        log = Path(folder) / "demo.log"
        with log.open("w") as out:
            demo = subprocess.Popen(
                [sys.executable, "-m", "tests.demo"], cwd=ROOT, env=environment, stdout=out, stderr=out
            )
        try:
            link = eventually(
                lambda: re.search(r"open +(\S+)", log.read_text()), FILL_SECONDS, "the demo did not start"
            )[1]
            url = f"postgresql+psycopg:///postgres?host={data / 'postgresql' / 'socket'}&user=callsheet"
            engine = sa.create_engine(url)
            eventually(lambda: running_run(engine), RUN_SECONDS, "nothing runs")
            yield link, engine
            engine.dispose()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)


def _take_all(browser: Browser, link: str, engine: sa.Engine) -> Iterator[Path]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(link)
    origin = "/".join(link.split("/")[:3])
    places = {
        name_of(route.path): place_of(route.path, values_of(engine, SHOWN)) for route in GETS if route.path not in TWICE
    }
    running = eventually(lambda: running_run(engine), RUN_SECONDS, "nothing runs")
    places["run-running"] = f"/runs/{running}"
    for name, place in places.items():
        answer = page.goto(origin + place)
        if answer is None or answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            print(f"no picture of {place}")
            continue
        if page.url != origin + place:  # it leads to another page
            continue
        for theme in THEMES:
            path = FOLDER / f"{name}-{theme}.png"
            path.write_bytes(_take(page, theme))
            yield path


def _take(page: Page, theme: str) -> bytes:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    height = min(MOST_HEIGHT, max(HEIGHT, int(page.evaluate("document.documentElement.scrollHeight"))))
    page.set_viewport_size(
        {"width": WIDTH, "height": height}
    )  # what keeps to the edge of the window is at the end then
    picture = page.screenshot(animations="disabled", scale="css")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    return _smaller(picture)


def _smaller(picture: bytes) -> bytes:
    """With a palette, where Pillow is there."""
    if find_spec("PIL") is None:
        return picture
    from PIL import Image

    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return min(small.getvalue(), picture, key=len)


def name_of(path: str) -> str:
    """What the picture of a route is called."""
    named = FIELD.sub(lambda found: "one" if found[1] in ("name", "id") else found[1], path)
    return named.replace("/-/", "/").strip("/").replace("/", "-") or "overview"


if __name__ == "__main__":
    sys.exit(main())
