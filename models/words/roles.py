"""Roles, and which schedules somebody sees."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from config.sections import RoleName


class Role(IntEnum):
    """What somebody may do; each role may do what the ones before it may."""

    VIEWER = 1
    OPERATOR = 2
    EDITOR = 3
    ADMIN = 4

    @property
    def word(self) -> RoleName:
        """As people write it."""
        words: dict[Role, RoleName] = {
            Role.VIEWER: "viewer",
            Role.OPERATOR: "operator",
            Role.EDITOR: "editor",
            Role.ADMIN: "admin",
        }
        return words[self]


def role_of(word: str) -> Role:
    """The role by its word. Raises KeyError."""
    return Role[word.upper()]


@dataclass(frozen=True)
class Scope:
    """Which schedules somebody sees, where it is not all: those whose name begins so, and those with any of the tags.
    Of runs, those of these schedules."""

    prefix: str | None = None
    tags: tuple[str, ...] = ()

    def holds(self, name: str, tags: Collection[str]) -> bool:
        """Whether a schedule is among them."""
        return (self.prefix is not None and name.startswith(self.prefix)) or any(tag in tags for tag in self.tags)
