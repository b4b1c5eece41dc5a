"""Invoices. A module in a package may be called as you like, also `models` or `config`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invoice:
    """Somebody owes us something."""

    customer: str
    days: int


def open_invoices() -> list[Invoice]:
    """All that are not paid. Yours would ask a database."""
    return [Invoice("ada", 30), Invoice("grace", 3)]
