"""The names that modules are recorded under, and how a name is written that is no text."""

MAIN_ALIAS = "__treadle_main__"
"""What a replay loads a main script as, so that its guard stays off; every record names it `__main__`."""
SPAWNED_MAIN = "__mp_main__"
"""What `multiprocessing` loads the main script as in a process that it spawns, with the guard off."""

REPLAY_VARIABLE = "TREADLE_IN_REPLAY"
"""Names the report of a replay in the replaying process, and so in those that it starts."""


def recorded_module(name: str) -> str:
    """Return the name that a module is recorded under."""
    return "__main__" if name in (MAIN_ALIAS, SPAWNED_MAIN) else name


def writable(text: str) -> str:
    """Return the text with lone surrogates shown as escapes: records are UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
