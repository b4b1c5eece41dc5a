"""Who counts as alive, as conditions in SQL: workers that were seen lately, actors that were announced lately."""

LIVE_SECONDS = 60
"""A worker that was seen this long ago at most counts as live."""

ANNOUNCED_SECONDS = 60
"""An actor that no worker has announced for this long is gone: its runs stay planned."""

LIVE = f"w.last_seen_at > now() - make_interval(secs => {LIVE_SECONDS})"
"""On `workers w`."""

ANNOUNCED = f"a.announced_at > now() - make_interval(secs => {ANNOUNCED_SECONDS})"
"""On `actors a`."""
