"""The command line: `callsheet`."""

try:
    from api.cli.groups import Root
    from api.cli.tree import COMMANDS
except KeyboardInterrupt:  # what is imported takes a moment, in which somebody may change their mind
    raise SystemExit(130) from None

main = Root("callsheet", "The scheduler for Dramatiq: what runs when, and what became of it.", COMMANDS)
