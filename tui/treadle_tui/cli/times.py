"""Points in time: nanoseconds as people and as programs read them."""

from datetime import UTC, datetime


def moment(at_ns: int) -> datetime:
    """Return nanoseconds since the epoch as a datetime in UTC, to the microsecond."""
    seconds, rest_ns = divmod(at_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1_000)


def short_time(at_ns: int) -> str:
    """Return the wall clock here, as short as it is clear: `18:05:59` today, `01-31 18:05` this year, else the day."""
    then, now = moment(at_ns).astimezone(), datetime.now(UTC).astimezone()
    if then.date() == now.date():
        return then.strftime("%H:%M:%S")
    return then.strftime("%m-%d %H:%M" if then.year == now.year else "%Y-%m-%d")


def local_time(at_ns: int) -> str:
    """Return the wall clock here: `2026-01-31 18:05:59`."""
    return moment(at_ns).astimezone().strftime("%Y-%m-%d %H:%M:%S")
