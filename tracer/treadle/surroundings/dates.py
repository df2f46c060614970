"""`datetime.now` and `datetime.utcnow`, which read the clock by themselves: in a traced call they ask `time.time`.

Both are members of a type in C, which takes no others, and the type must stay the very one that it is: programs,
pickles and models of pydantic know it by its identity. So they are exchanged in the type's own dictionary, and the
interpreter is told, which remembers what it found there. `date.today` and `datetime.today` ask `time.time` anyway.
"""

import gc
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from inspect import Parameter, Signature
from typing import Any

from treadle.surroundings.asking import read_clock

IsAsked = Callable[[], bool]
"""Tells whether the clock of a recording is to be given to the caller of its caller."""

_originals: dict[str, Any] = {}
_CLS = Parameter("cls", Parameter.POSITIONAL_ONLY)
_at_seconds: Any = vars(datetime)["fromtimestamp"]


def put_in(is_asked: IsAsked) -> None:
    """Let the clock be asked for dates, where that is possible."""
    for name, make in _MAKERS.items():
        original = vars(datetime).get(name)
        if name not in _originals and original is not None and _exchange(name, classmethod(make(original, is_asked))):
            _originals[name] = original


def take_out() -> None:
    """Let dates read it themselves again."""
    while _originals:
        _exchange(*_originals.popitem())


def _exchange(name: str, member: Any) -> bool:
    """Exchange a member of the type; False where this Python lets nobody."""
    try:
        import ctypes

        told = ctypes.pythonapi.PyType_Modified
    except (ImportError, AttributeError):
        return False
    (held,) = (each for each in gc.get_referents(vars(datetime)) if type(each) is dict)
    held[name] = member
    told(ctypes.py_object(datetime))
    return True


def _now(original: Any, is_asked: IsAsked) -> Callable[..., datetime]:
    def now(cls: type[datetime], *args: Any, **kwargs: Any) -> datetime:
        zones = [*args, *kwargs.values()]
        is_well = len(zones) < 2 and kwargs.keys() <= {"tz"} and all(isinstance(one, tzinfo | None) for one in zones)
        if not is_well or not is_asked():
            return original.__get__(None, cls)(*args, **kwargs)  # type: ignore[no-any-return]
        return _at_seconds.__get__(None, cls)(read_clock(), *zones)  # type: ignore[no-any-return]

    return _named(now, original, _CLS, Parameter("tz", Parameter.POSITIONAL_OR_KEYWORD, default=None))


def _utcnow(original: Any, is_asked: IsAsked) -> Callable[..., datetime]:
    def utcnow(cls: type[datetime], *args: Any, **kwargs: Any) -> datetime:
        real: datetime = original.__get__(None, cls)(*args, **kwargs)  # which says, too, what newer Pythons say of it
        if not is_asked():
            return real
        moment: datetime = _at_seconds.__get__(None, cls)(read_clock(), UTC)
        return moment.replace(tzinfo=None)

    return _named(utcnow, original, _CLS)


def _named(made: Any, original: Any, *parameters: Parameter) -> Callable[..., datetime]:
    made.__qualname__, made.__module__, made.__doc__ = original.__qualname__, datetime.__module__, original.__doc__
    made.__signature__ = Signature(parameters)
    return made  # type: ignore[no-any-return]


_MAKERS = {"now": _now, "utcnow": _utcnow}
