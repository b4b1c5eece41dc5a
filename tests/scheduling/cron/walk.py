"""The cron rule told a second time, the slow way: every minute or second of a window is looked at in turn."""

from calendar import monthrange
from datetime import datetime, timedelta

from scheduling.cron.zones import load_zone

BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
CORRECTION = timedelta(hours=3)


def walk(expr: str, tz: str, after: datetime, until: datetime, step: timedelta, look_back: timedelta) -> list[datetime]:
    """All fires later than `after` and not later than `until`, for whole steps of the clock in UTC."""
    zone, fields = load_zone(tz), six_fields(expr)
    is_interval = any(field.startswith("*") for field in fields[:3])
    instant, fires = after - look_back, []
    shown = local = instant.astimezone(zone).replace(tzinfo=None)
    while instant < until:
        instant += step
        before, local = local, instant.astimezone(zone).replace(tzinfo=None)
        fresh = [local] if is_interval or local >= shown else []
        if not is_interval and local - before - step < CORRECTION:
            fresh += _every(max(before + step, shown), local, step)
        if instant > after and any(matches(fields, moment) for moment in fresh):
            fires.append(instant)
        shown = max(shown, local + step)
    return fires


def six_fields(expr: str) -> list[str]:
    fields = expr.upper().split()
    return fields if len(fields) == 6 else ["0", *fields]


def matches(fields: list[str], local: datetime) -> bool:
    clock = (local.second, local.minute, local.hour)
    in_time = all(_listed(fields[place], value, place) for place, value in enumerate(clock))
    return in_time and day_matches(fields, local)


def day_matches(fields: list[str], local: datetime) -> bool:
    """Whether the day, month and weekday fields let this day pass."""
    day, month, weekday = fields[3:]
    by_date, by_weekday = _date_matches(day, local), _weekday_matches(weekday, local)
    needs_both = day[0] in "*?" or weekday[0] in "*?"
    in_days = (by_date and by_weekday) if needs_both else (by_date or by_weekday)
    return in_days and _listed(month, local.month, 4)


def _every(first: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [first + step * index for index in range(max(0, (end - first) // step))]


def _date_matches(field: str, local: datetime) -> bool:
    length = monthrange(local.year, local.month)[1]
    if field.endswith("W"):
        wanted = int(field[:-1])
        first = local.replace(day=1).weekday()
        working = [day for day in range(1, length + 1) if (first + day - 1) % 7 < 5]
        return wanted <= length and local.day == min(working, key=lambda day: abs(day - wanted))
    items = field.split(",")
    plain = ",".join(item for item in items if item != "L")
    return ("L" in items and local.day == length) or _listed(plain, local.day, 3)


def _weekday_matches(field: str, local: datetime) -> bool:
    numbers = {local.isoweekday()} | ({0} if local.isoweekday() == 7 else set())
    week = (local.day + 6) // 7
    is_last = local.day + 7 > monthrange(local.year, local.month)[1]
    for item in field.split(","):
        name, _, which = item.partition("#")
        if which:
            found = _number(name) in numbers and week == int(which)
        elif item.endswith("L"):
            found = _number(item[:-1]) in numbers and is_last
        else:
            found = any(_listed(item, number, 5) for number in numbers)
        if found:
            return True
    return False


def _listed(field: str, value: int, place: int) -> bool:
    return any(_item_matches(item, value, *BOUNDS[place]) for item in field.split(",") if item)


def _item_matches(item: str, value: int, lowest: int, highest: int) -> bool:
    body, _, step = item.partition("/")
    first, _, last = body.partition("-")
    if body in ("*", "?"):
        first, last = str(lowest), str(highest)
    start = _number(first)
    end = _number(last) if last else (highest if step else start)
    return start <= value <= end and (value - start) % int(step or 1) == 0


def _number(text: str) -> int:
    if text in MONTHS:
        return MONTHS.index(text) + 1
    return WEEKDAYS.index(text) if text in WEEKDAYS else int(text)
