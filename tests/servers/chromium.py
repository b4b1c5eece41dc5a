"""The browser that the dashboard is tried out in."""

import shutil

PACKAGE = "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The program; None if this machine has none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)
