"""The command line: `callsheet`."""

from api.cli.groups import Root
from api.cli.tree import COMMANDS

main = Root("callsheet", "The scheduler for Dramatiq: what runs when, and what became of it.", COMMANDS)
