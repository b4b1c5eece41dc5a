"""Profiles: addresses and tokens that `callsheet login` keeps, in a file of the user's that nobody else can read."""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.cli.failures import MISSING, SETTINGS, USAGE, Failure
from api.cli.shell import Shell

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT = "default"


@dataclass(frozen=True)
class Target:
    """A callsheet, and the token to ask it with."""

    url: str
    token: str | None


def target_of(shell: Shell) -> Target:
    """What the options say, else the environment, else the profile.

    A profile's token goes to that profile's address alone: one that was given another way comes with its own.
    """
    profiles = read_profiles(shell)
    if shell.profile is not None and shell.profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise Failure(f"there is no profile {shell.profile}; known: {known}. `callsheet login` makes one.", MISSING)
    chosen = profiles.get(shell.profile or DEFAULT)
    if shell.profile is not None and chosen is not None and shell.url is None:
        return chosen
    url = shell.url or os.environ.get("CALLSHEET_URL") or (chosen.url if chosen else DEFAULT_URL)
    url = url.rstrip("/")
    fitting = (each for each in (chosen, *profiles.values()) if each is not None and each.url == url)
    kept = next(fitting, None)
    return Target(url, os.environ.get("CALLSHEET_TOKEN") or (kept.token if kept else None))


def read_profiles(shell: Shell) -> dict[str, Target]:
    """All profiles by name."""
    path = profiles_path()
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}", SETTINGS) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        shell.say(f"{path} is open to others: chmod 600 {path}")
    try:
        return {name: Target(str(each["url"]), each["token"]) for name, each in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Failure(f"{path} can't be read: `callsheet logout --all` removes it", SETTINGS) from None


def write_profiles(profiles: Mapping[str, Target]) -> None:
    """Keep these profiles and no others, in one step: whoever is interrupted has lost none."""
    path = profiles_path()
    kept: dict[str, Any] = {name: asdict(target) for name, target in profiles.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not kept:
            path.unlink(missing_ok=True)
            return
        handle, scratch = tempfile.mkstemp(dir=path.parent)  # 0600 from its first byte on
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=2)
        Path(scratch).replace(path)
    except OSError as error:
        said = f"can't write {path}: {error.strerror}. XDG_CONFIG_HOME names another folder."
        raise Failure(said, SETTINGS) from None


def check_url(url: str) -> str:
    """The address without a slash at its end. Raises Failure for what is none."""
    if not url.startswith(("http://", "https://")):
        raise Failure(f"{url} is no address: it must begin with http:// or https://", USAGE)
    return url.rstrip("/")


def profiles_path() -> Path:
    """Where they are."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "callsheet" / "profiles.json"
