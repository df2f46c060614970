"""Which hosts are named in `propagate`: `api.internal`, `*.example.com`, `localhost:8000`, `[::1]:8000`."""

from fnmatch import fnmatchcase
from functools import lru_cache


@lru_cache(maxsize=1024)
def is_named(host: str, port: int | None, patterns: tuple[str, ...]) -> bool:
    """Tell whether a host is named by one of the patterns: globs on the host, of any port or of the one they name."""
    name = _bare(host)
    return any(_fits(name, port, *_split(pattern)) for pattern in patterns)


def _fits(name: str, port: int | None, named: str, named_port: str) -> bool:
    return fnmatchcase(name, named) and (not named_port or named_port == str(port))


def _split(pattern: str) -> tuple[str, str]:
    """Return a pattern's host and port; the colons of an IPv6 address in no brackets are no port's."""
    host, colon, port = pattern.rpartition(":")
    has_port = bool(colon) and port.isdigit() and (":" not in host or host.endswith("]"))
    return (_bare(host), port) if has_port else (_bare(pattern), "")


def _bare(host: str) -> str:
    """Return a host without what does not tell it from others: brackets, upper case, the dot of the root."""
    return host.removeprefix("[").removesuffix("]").lower().rstrip(".")
