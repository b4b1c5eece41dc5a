"""What the shop of the demo runs: 25 jobs, most of them for each of twelve countries; 300 schedules."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from tests.demo import rhythms
from tests.demo.rhythms import WORKDAYS, Rhythm

ZONES = {
    "de": "Europe/Berlin", "fr": "Europe/Paris", "uk": "Europe/London", "us": "America/New_York",
    "ca": "America/Vancouver", "br": "America/Sao_Paulo", "in": "Asia/Kolkata", "jp": "Asia/Tokyo",
    "sg": "Asia/Singapore", "au": "Australia/Sydney", "za": "Africa/Johannesburg", "ae": "Asia/Dubai",
}  # fmt: skip
HEAVY = "tracking.flush-events"
"""The schedule that has as many runs as are wanted."""


@dataclass(frozen=True)
class Job:
    """What is done for each country. `seconds` is how long it takes, `failing` how often it fails for good."""

    name: str
    description: str
    actor: str
    rhythm: Rhythm
    seconds: float
    tags: tuple[str, ...]
    queue: str = "default"
    failing: float = 0.003
    spread: int = 0
    """Countries begin so many minutes apart."""
    policies: dict[str, Any] = field(default_factory=dict)
    countries: tuple[str, ...] = tuple(ZONES)


@dataclass(frozen=True)
class Entry:
    """One schedule of the demo."""

    name: str
    job: Job
    country: str
    rhythm: Rhythm
    args: dict[str, Any]
    ail: str | None = None
    """What is wrong with it: `broken` fails since a while, `flaky` fails often, `slow` overlaps itself, `paused`."""

    def definition(self) -> dict[str, Any]:
        """What its definition is given."""
        return {
            "description": self.job.description,
            "actor": self.job.actor,
            "args": self.args,
            "cron": [self.rhythm.cron] if self.rhythm.cron else None,
            "every_seconds": self.rhythm.every_seconds,
            "queue": self.job.queue,
            "timezone": ZONES.get(self.country, "UTC"),
            "tags": [*self.job.tags, self.country],
            **self.job.policies,
        }


_RETRIED = {"max_retries": 2, "min_backoff_seconds": 5, "max_backoff_seconds": 60}
_NIGHTLY = _RETRIED | {"time_limit_seconds": 3600, "notify_late_seconds": 900}
JOBS = (
    Job("orders.import", "Takes orders over from the shop's front.", "import_orders", rhythms.each(15), 2.1,
        ("orders", "critical"), failing=0.006, policies=_RETRIED | {"priority": 8, "overlap": "buffer_one"}),
    Job("stock.sync", "Brings stock of the warehouses to the shop.", "sync_stock", rhythms.each(10, (8, 20), (1, 2, 3,
        4, 5, 6)),
        1.4, ("stock",), failing=0.008, policies=_RETRIED | {"start_deadline_seconds": 540}),
    Job("prices.refresh", "Asks suppliers for prices.", "call_partner", rhythms.hourly(7), 3.2, ("prices",),
        failing=0.012, spread=1, policies=_RETRIED),
    Job("checkout.probe", "Buys a test article.", "call_partner", rhythms.each(10), 0.6, ("health", "critical"),
        failing=0.002, policies={"priority": 9, "time_limit_seconds": 30, "catchup": "none"}),
    Job("newsletter.send", "The letter of the week.", "send_mails", rhythms.daily(9, 5, (4,)), 38, ("mail",
        "marketing"),
        "mail", policies={"time_limit_seconds": 1800}),
    Job("report.daily-sales", "Sales of yesterday, for the board.", "build_report", rhythms.daily(6, 10), 11,
        ("report", "finance"), "reports", policies=_NIGHTLY),
    Job("report.weekly-margin", "Margins by group of articles.", "build_report", rhythms.daily(7, 0, (1,)), 24,
        ("report", "finance"), "reports", policies=_NIGHTLY),
    Job("report.monthly-close", "What the accountants need for the month.", "build_report", rhythms.monthly(1, 4, 0),
        55,
        ("report", "finance"), "reports", policies=_NIGHTLY | {"pause_after_failures": 3}),
    Job("invoices.charge", "Charges what is due today.", "charge", rhythms.daily(5, 30, WORKDAYS), 19,
        ("finance", "critical"), "payments", 0.01, policies=_RETRIED | {"priority": 8}),
    Job("payments.settle", "Compares the bank's list with ours.", "charge", rhythms.daily(2, 20), 13, ("finance",),
        "payments", spread=2, policies=_NIGHTLY),
    Job("images.resize", "New pictures in all sizes.", "resize_images", rhythms.each(30), 4.6, ("catalog",), "media",
        failing=0.004),
    Job("search.reindex", "Builds the index of articles anew.", "reindex", rhythms.daily(1, 15), 46, ("catalog",
        "nightly"),
        spread=4, policies=_NIGHTLY),
    Job("warehouse.export", "Facts of the day for the warehouse of data.", "export", rhythms.daily(3, 0), 61,
        ("data", "nightly"), "data", 0.02, 3, _NIGHTLY),
    Job("warehouse.vacuum", "Cleans up staging tables.", "clean_up", rhythms.daily(4, 40, (7,)), 33, ("data", "weekly"),
        "data", policies=_NIGHTLY),
    Job("forecast.train", "Learns the demand of the next weeks.", "train", rhythms.daily(22, 0, (6,)), 70,
        ("data", "weekly"), "data", 0.03, policies=_NIGHTLY),
    Job("customers.dedupe", "Finds customers who are there twice.", "clean_up", rhythms.daily(2, 50), 21,
        ("crm", "nightly"), spread=1, policies=_NIGHTLY),
    Job("privacy.erase", "Deletes what somebody asked to have deleted.", "clean_up", rhythms.daily(0, 30), 8,
        ("crm", "legal"), policies=_NIGHTLY | {"catchup": "all", "overlap": "buffer_all"}),
    Job("carts.remind", "Reminds people of what they left behind.", "send_mails", rhythms.hourly(40, (9, 19)), 5.5,
        ("mail", "marketing"), "mail", 0.005),
    Job("backups.copy", "Copies backups to the other site.", "export", rhythms.daily(4, 5), 58, ("operations",
        "nightly"),
        "data", 0.01, 5, _NIGHTLY),
    Job("keys.rotate", "New keys for partners.", "call_partner", rhythms.monthly(15, 3, 30), 2.2,
        ("operations", "legal"), policies=_RETRIED),
    Job("feeds.publish", "Articles for comparison sites.", "call_partner", rhythms.each(20), 2.8, ("marketing",),
        failing=0.009, policies=_RETRIED | {"jitter_seconds": 60}),
    Job("fraud.score", "Scores new orders.", "train", rhythms.each(30, (7, 22)), 3.9, ("orders", "critical"), "data",
        policies={"overlap": "cancel_other"}),
    Job("reviews.fetch", "What people say of us.", "call_partner", rhythms.hourly(25), 1.9, ("marketing",),
        failing=0.015, policies=_RETRIED | {"overlap": "allow"}),
    Job("legacy.feed", "The old partner's file; its actor is moving.", "legacy_feed", rhythms.daily(8, 0), 9,
        ("orders", "legacy")),
)  # fmt: skip

_CRAWL = Job("catalog.crawl", "Looks at every article, page by page.", "crawl", rhythms.every(360), 250, ("catalog",),
    "media",
             countries=("de", "us", "jp"), policies={"time_limit_seconds": 900})  # fmt: skip
_BY_HAND = Job("tools", "Run by hand.", "clean_up", rhythms.by_hand(), 6, ("tools",))
_HEAVY = Job(HEAVY, "Writes what was clicked.", "flush", rhythms.by_hand(), 0.05, ("tracking",), "events")
_RECEIPTS = Job("receipts", "Sent by the shop itself.", "send_receipt", rhythms.by_hand(), 1.5, ("mail",), "mail")
OTHER_JOBS = (_CRAWL, _BY_HAND, _HEAVY, _RECEIPTS)
_AILING = {
    "prices.refresh-br": "broken", "warehouse.export-za": "broken", "reviews.fetch-in": "broken",
    "invoices.charge-ae": "broken", "feeds.publish-ca": "flaky", "stock.sync-fr": "flaky", "orders.import-us": "flaky",
    "images.resize-jp": "slow", "feeds.publish-in": "slow", "newsletter.send-sg": "paused", "carts.remind-au": "paused",
    "report.daily-sales-fr": "paused", "legacy.feed-uk": "paused", "legacy.feed-de": "paused",
    "images.resize-br": "paused", "fraud.score-sg": "paused", "search.reindex-ca": "paused",
}  # fmt: skip


def entries(heavy_seconds: int | None = None) -> Iterator[Entry]:
    """All of them; the heavy one is due every so many seconds."""
    for job in (*JOBS, _CRAWL):
        for number, country in enumerate(job.countries):
            yield _entry(job, country, number)
    rhythm = rhythms.every(heavy_seconds) if heavy_seconds else rhythms.by_hand()
    yield Entry(HEAVY, _HEAVY, "all", rhythm, {"what": "clicks"})
    for name in ("reprice-all", "resend-invoice", "export-customer", "rebuild-thumbnails", "forget-customer",
                 "import-catalog", "warm-caches", "close-books"):  # fmt: skip
        yield Entry(f"tools.{name}", _BY_HAND, "all", _BY_HAND.rhythm, {"what": name})


def _entry(job: Job, country: str, number: int) -> Entry:
    name, rhythm = f"{job.name}-{country}", job.rhythm
    if job.spread and rhythm.cron:
        minute, *rest = rhythm.cron.split()
        begins = (int(minute) + job.spread * number) % 60
        offset = rhythm.offset_minutes - int(minute) + begins
        rhythm = replace(rhythm, cron=" ".join((str(begins), *rest)), offset_minutes=offset)
    args = {"country": country, "batch": 50 * (1 + crc32(name.encode()) % 8), "what": job.name.partition(".")[0]}
    return Entry(name, job, country, rhythm, args, _AILING.get(name))
