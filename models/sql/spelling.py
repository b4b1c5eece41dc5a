"""How words and states are spelled in SQL."""

from enum import StrEnum


def quoted(words: type[StrEnum] | tuple[StrEnum, ...]) -> str:
    """The words as an SQL list, for `IN (…)`: only ever called with the constants above."""
    return ", ".join(f"'{word.value}'" for word in words)


def state_in(row: str, states: tuple[StrEnum, ...]) -> str:
    """An SQL condition on the state of `row`, for statements that know their rows by id.

    No partial index can answer it. Live rows come and go faster than statistics: a planner that believes there are
    none would read all of them by such an index, instead of a few by the key.
    """
    return f"({row}.state || '') IN ({quoted(states)})"


def written(column: str) -> str:
    """An instant as `models.words.instants.write_instant` writes it, but always with its microseconds."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
