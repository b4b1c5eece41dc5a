"""The browser that the dashboard is tried out in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PACKAGE = "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SLOW_MILLISECONDS = 20_000


def find_chromium() -> str | None:
    """The program; None if this machine has none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """The browser, running; it skips the test on a machine that has none."""
    import pytest
    from playwright.sync_api import expect, sync_playwright  # most tests need no browser

    program = find_chromium()
    if program is None:
        pytest.skip("the dashboard is tried out in Chromium, which is not installed here: apt-get install chromium")
    expect.set_options(timeout=SLOW_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
