"""`python -m tests.fuzz`: odd values in every place, then 5,000 generated calls and more with each of two tokens."""

import os
import sys

import structlog

from tests.chaos.run_folder import run_folder
from tests.end_to_end.deployment import TOKEN
from tests.fuzz.generated import generate
from tests.fuzz.play import ask_everything
from tests.fuzz.site import Site, site

CASES = 5_000
EXAMPLES = 60
"""Of each operation, besides those that are generated without chance."""


def main() -> int:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with run_folder() as folder, site(folder) as there:
        asked, findings = ask_everything(there)
        print(f"{asked} calls with odd values: {len(findings)} findings", flush=True)
        print("\n".join(findings), flush=True)
        failed = [role for role in ("admin", "viewer") if not _generate(there, role)]
        aside = there.set_aside()
        print("\n".join(aside))
        print(f"the log of the server: {folder}/web.log")
    return 1 if findings or failed or aside else 0


def _generate(there: Site, role: str) -> bool:
    token = TOKEN if role == "admin" else there.give_token(role)
    seed = os.environ.get("SEED") or "1"
    found = generate(there.url, token, there.folder, EXAMPLES, f"--seed={seed}")
    print(
        found.said if not found.is_well else f"{found.cases} generated calls with the token of the {role}", flush=True
    )
    return found.is_well and found.cases >= CASES


if __name__ == "__main__":
    sys.exit(main())
