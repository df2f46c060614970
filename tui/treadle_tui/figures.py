"""Numbers as people read them: three significant digits, a unit, thousands separated."""

from typing import Final

LEAST_MONEY: Final = 0.0001
_UNITS_NS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def duration(duration_ns: int) -> tuple[str, str]:
    """Return the number and the unit of a duration; a running one (negative) is ("", "…")."""
    if duration_ns < 0:
        return "", "…"
    seconds = duration_ns / 1e9
    if seconds >= 3600:
        return f"{int(seconds // 3600)}h{int(seconds % 3600 // 60):02d}", "m"
    if seconds >= 100:
        return f"{int(seconds // 60)}m{int(seconds % 60):02d}", "s"
    for size_ns, unit in _UNITS_NS:
        if duration_ns >= size_ns:
            return three_digits(duration_ns / size_ns), unit
    return "0", "s"


def duration_text(duration_ns: int) -> str:
    """Return a duration as one word."""
    number, unit = duration(duration_ns)
    return number + unit


def three_digits(value: float) -> str:
    """Return `value` with three significant digits, trailing zeros kept: 4.20, 31.0, 312."""
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def count(value: int) -> str:
    """Return an integer with its thousands separated."""
    return f"{value:,}"


def money(usd: float) -> str:
    """Return dollars, with as many digits as a fraction of a cent needs: $312, $4.20, $0.0031, <$0.0001."""
    if 0 < usd < LEAST_MONEY:
        return f"<${LEAST_MONEY}"
    if usd >= 100:
        return f"${usd:,.0f}"
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def size(size_bytes: int) -> str:
    """Return a size in bytes, kB or MB (powers of ten)."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{three_digits(size_bytes / 1e3)} kB"
    return f"{three_digits(size_bytes / 1e6)} MB"


def ago(age_ns: int) -> str:
    """Return how long ago something was, as one short word: `now`, `12s`, `5m`, `3h`, `2d`."""
    seconds = max(0, age_ns) // 1_000_000_000
    if seconds < 2:
        return "now"
    for limit, divisor, unit in ((60, 1, "s"), (3_600, 60, "m"), (86_400, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // divisor}{unit}"
    return f"{seconds // 86_400}d"
