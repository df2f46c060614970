"""What can be recorded: functions of modules, by the groups that `configure(record=...)` names.

With the clock go `datetime.now` and the like, which are members of a type (`dates`). Not among them are instances of
`random.Random`, which a program seeds itself, and `random.seed`, which answers nothing.
"""

import os
from collections.abc import Iterable

from treadle.errors import UsageError

VARIABLE = "TREADLE_RECORD"
CLOCKS = (
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "time.process_time", "time.process_time_ns",
)  # fmt: skip
DATES = ("time.localtime", "time.gmtime", "time.ctime", "time.asctime", "time.strftime")
"""They read the clock where nobody gives them a time: recorded as `time.time`."""
DRAWS = (
    "random.random", "random.uniform", "random.triangular", "random.randint", "random.randrange", "random.getrandbits",
    "random.randbytes", "random.betavariate", "random.binomialvariate", "random.expovariate", "random.gammavariate",
    "random.gauss", "random.lognormvariate", "random.normalvariate", "random.paretovariate", "random.vonmisesvariate",
    "random.weibullvariate",
)  # fmt: skip
CHOICES = ("random.choice", "random.choices", "random.sample", "random.shuffle", "secrets.choice")
"""They are recorded as the positions that were drawn: the items are the program's."""
ENTROPY = (
    "os.urandom", "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe", "secrets.randbelow",
    "secrets.randbits",
)  # fmt: skip
GROUPS: dict[str, tuple[str, ...]] = {
    "clock": (*CLOCKS, *DATES),
    "random": (*DRAWS, *CHOICES, *ENTROPY),
    "uuid": ("uuid.uuid1", "uuid.uuid4"),
}
_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}


def group_of(name: str) -> str | None:
    """Return the group of a step with this name and no function; None where it is no reading of the surroundings."""
    return _GROUP_OF.get(name)


def checked_groups(groups: Iterable[str], source: str) -> tuple[str, ...]:
    """Return the groups, without the empty ones.

    Raises:
        UsageError: there is no such group.

    """
    checked = tuple(group.strip() for group in groups if group.strip())
    for group in checked:
        if group not in GROUPS:
            raise UsageError(f"{source} has {group!r}: what can be recorded is {', '.join(GROUPS)}")
    return checked


def groups_of_environment() -> tuple[str, ...]:
    """Return what `TREADLE_RECORD` names.

    Raises:
        UsageError: there is no such group.

    """
    return checked_groups(os.environ.get(VARIABLE, "").split(","), VARIABLE)
