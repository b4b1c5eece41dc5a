"""All commands on one screen: where each is, and what it does. Nothing is imported until it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Leaf:
    """A command: `module:attribute`, and its help in a line."""

    where: str
    about: str


@dataclass(frozen=True)
class Branch:
    """Commands under a noun. `default` is what the noun alone does."""

    about: str
    commands: Mapping[str, Leaf]
    default: str | None = None


Tree: TypeAlias = Mapping[str, Leaf | Branch]

_LOCAL = "api.cli.local.commands"
_PROCESSES = "api.cli.local.processes"
_REMOTE = "api.cli.remote"

SCHEDULES = {
    "list": Leaf(f"{_REMOTE}.schedules.reading:list_schedules", "List schedules by name."),
    "get": Leaf(f"{_REMOTE}.schedules.reading:get", "Show schedules with all their fields."),
    "create": Leaf(f"{_REMOTE}.schedules.writing:create", "Create a schedule. It never fires by being created."),
    "edit": Leaf(f"{_REMOTE}.schedules.editing:edit", "Edit a definition in $EDITOR, as YAML."),
    "set": Leaf(f"{_REMOTE}.schedules.writing:set_fields", "Set fields: value as JSON, else as text; null resets."),
    "delete": Leaf(f"{_REMOTE}.schedules.writing:delete", "Delete schedules. Their runs stay."),
    "trigger": Leaf(f"{_REMOTE}.schedules.acting:trigger", "Run a schedule now, or at a given time."),
    "pause": Leaf(f"{_REMOTE}.schedules.acting:pause", "Pause schedules, until an instant or until they are resumed."),
    "resume": Leaf(f"{_REMOTE}.schedules.acting:resume", "Resume paused schedules."),
    "next": Leaf(f"{_REMOTE}.schedules.slots:next_slots", "List the next slots."),
    "slots": Leaf(f"{_REMOTE}.schedules.slots:slots", "List what became of each slot, newest first."),
    "explain": Leaf(f"{_REMOTE}.schedules.slots:explain", "Say why a schedule did or did not run at a time."),
    "versions": Leaf(f"{_REMOTE}.schedules.versions:versions", "List the definitions it has had, newest first."),
    "rollback": Leaf(f"{_REMOTE}.schedules.versions:rollback", "Give it the definition of an earlier version again."),
}
RUNS = {
    "list": Leaf(f"{_REMOTE}.runs.listing:list_runs", "List runs, newest first."),
    "get": Leaf(f"{_REMOTE}.runs.listing:get", "Show runs with all their fields."),
    "output": Leaf(f"{_REMOTE}.runs.output:output", "Print what a run printed."),
    "cancel": Leaf(f"{_REMOTE}.runs.acting:cancel", "Cancel runs, by id or by a filter."),
    "retry": Leaf(f"{_REMOTE}.runs.acting:retry", "Run finished runs again, by id or by a filter."),
    "watch": Leaf(f"{_REMOTE}.runs.watching:watch", "Show runs as they change."),
}
QUEUES = {
    "list": Leaf(f"{_REMOTE}.queues:list_queues", "List queues by name."),
    "dead-letters": Leaf(f"{_REMOTE}.queues:dead_letters", "Say which messages of a queue could not be read, and why."),
    "pause": Leaf(f"{_REMOTE}.queues:pause", "Pause a queue: nothing more of it starts."),
    "resume": Leaf(f"{_REMOTE}.queues:resume", "Resume a queue."),
}
WORKERS = {
    "list": Leaf(f"{_REMOTE}.workers:list_workers", "List the workers seen within the last day."),
    "drain": Leaf(f"{_REMOTE}.workers:drain", "Have workers take no more runs, and exit once they have none."),
}
CHANNELS = {
    "list": Leaf(
        f"{_REMOTE}.channels.reading:list_channels", "List channels by name; or who is told about a schedule."
    ),
    "get": Leaf(f"{_REMOTE}.channels.reading:get", "Show channels with all their fields."),
    "set": Leaf(f"{_REMOTE}.channels.writing:set_channel", "Make a channel, or change one."),
    "delete": Leaf(f"{_REMOTE}.channels.writing:delete", "Delete channels: nothing is told there any more."),
    "test": Leaf(f"{_REMOTE}.channels.writing:test", "Send something to a channel, to see whether it arrives."),
    "deliveries": Leaf(f"{_REMOTE}.channels.reading:deliveries", "List what was told there, newest first."),
}
TOKENS = {
    "create": Leaf(f"{_REMOTE}.access:create", "Make a token. It is printed this once."),
    "list": Leaf(f"{_REMOTE}.access:list_tokens", "List tokens by name."),
    "revoke": Leaf(f"{_REMOTE}.access:revoke", "Revoke tokens, by id or by name."),
}

IMPORTS = {
    name: Leaf(f"api.cli.importing.commands:from_{name}", about)
    for name, about in {
        "crontab": "From a crontab, a user's or the system's.",
        "k8s": "From CronJobs of Kubernetes, in YAML.",
        "beat": "From a fixture of django-celery-beat, or a dump of beat_schedule.",
        "apscheduler": "From a list of APScheduler's jobs, in JSON.",
        "periodiq": "From actors with a schedule of periodiq.",
    }.items()
}

COMMANDS: Tree = {
    "up": Leaf(f"{_LOCAL}:up", "Run everything in one process: API, scheduling and a worker."),
    "web": Leaf(f"{_PROCESSES}:web", "Serve the API."),
    "scheduling": Leaf(f"{_PROCESSES}:scheduling", "Plan and publish."),
    "worker": Leaf(f"{_PROCESSES}:worker", "Run actors, those that ship and yours."),
    "config": Leaf(f"{_LOCAL}:config", "Print the settings in force as JSON, secrets masked."),
    "migrate": Leaf(f"{_LOCAL}:migrate", "Bring the database to the newest migration."),
    "doctor": Leaf("api.cli.local.doctor:doctor", "Look for what keeps callsheet from working well, with its mend."),
    "openapi": Leaf(f"{_LOCAL}:openapi", "Print the description of the API for machines."),
    "completion": Leaf(f"{_REMOTE}.completion:completion", "Print what makes a shell complete callsheet's words."),
    "schedules": Branch("Schedules: list, get, create, edit, trigger, pause, explain and more.", SCHEDULES),
    "runs": Branch("Runs: list, get, output, cancel, retry, watch.", RUNS),
    "failures": Leaf(f"{_REMOTE}.failures:failures", "List failures by their kinds, last seen first."),
    "next": Leaf(f"{_REMOTE}.upcoming:next_runs", "List what is to run next, over all schedules."),
    "preview": Leaf(f"{_REMOTE}.upcoming:preview", "Show when an expression would fire, without storing anything."),
    "apply": Leaf(f"{_REMOTE}.files:apply", "Bring schedules to what files say: all of it or nothing."),
    "diff": Leaf(f"{_REMOTE}.files:diff", "Show what applying files would change."),
    "export": Leaf(f"{_REMOTE}.files:export", "Print schedules as a file that can be applied."),
    "validate": Leaf(f"{_REMOTE}.files:validate", "Look through files without a server."),
    "import": Branch("Files from what other schedulers have, and what means something else.", IMPORTS),
    "queues": Branch("Queues: list, pause, resume, dead letters.", QUEUES, default="list"),
    "hold": Leaf(f"{_REMOTE}.hold:hold", "Hold everything, for maintenance; without a reason, say how things stand."),
    "release": Leaf(f"{_REMOTE}.hold:release", "Release a hold."),
    "workers": Branch("Workers: list, drain.", WORKERS, default="list"),
    "actors": Leaf(f"{_REMOTE}.workers:actors", "List the actors that workers have announced."),
    "channels": Branch("Channels: list, get, set, delete, test, deliveries.", CHANNELS, default="list"),
    "tokens": Branch("Tokens: create, list, revoke.", TOKENS, default="list"),
    "audit": Leaf(f"{_REMOTE}.access:audit", "List who did what, newest first."),
    "verify": Leaf(f"{_REMOTE}.verify:verify", "Look whether each slot that must exist has exactly one row."),
    "login": Leaf(f"{_REMOTE}.login:login", "Keep the address and the token of a callsheet for later commands."),
    "logout": Leaf(f"{_REMOTE}.login:logout", "Forget them."),
}
