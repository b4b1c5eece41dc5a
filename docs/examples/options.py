"""An actor with options: it tries again a few times, has a time limit, and gives up at once where trying is no use.

Run it: copy this file into actors/, start again (`make up`), and run it from a schedule without times of its own:

    curl -X POST http://127.0.0.1:8000/v1/schedules -H "Authorization: Bearer $TOKEN" \
        -H 'Content-Type: application/json' \
        -d '{"name": "prices", "actor": "import_prices", "args": {"path": "/tmp/prices.csv"}}'
    curl -X POST http://127.0.0.1:8000/v1/schedules/prices/trigger -H "Authorization: Bearer $TOKEN"
"""

import csv
from pathlib import Path

import dramatiq

from actors.context import current_run


class BadPrices(Exception):
    """The file is there, and wrong: it will be as wrong in a minute."""


@dramatiq.actor(max_retries=5, min_backoff=2_000, max_backoff=60_000, time_limit=30_000, throws=BadPrices)
def import_prices(path: str, currency: str = "EUR") -> dict[str, float]:
    """Read prices from a file of lines such as `apple,1.20`, which may not have arrived yet.

    Arguments:
        path: the file.
        currency: what the prices are in.
    """
    prices: dict[str, float] = {}
    for number, row in enumerate(csv.reader(Path(path).read_text().splitlines()), start=1):
        try:
            name, price = row
            prices[name] = float(price)
        except ValueError:
            raise BadPrices(f"line {number} is no name and price") from None
    current_run().output.write(f"{len(prices)} prices in {currency}\n")
    return prices
