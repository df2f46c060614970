"""One reading of the surroundings as a step of kind tool: recorded, or answered as it was."""

import contextlib
import inspect
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from treadle.beginning import begin
from treadle.replay.answers import Served, served_by
from treadle.surroundings.groups import CHOICES, DATES, DRAWS

Function = Callable[..., Any]
_NONE_IS_NOW = ("time.localtime", "time.gmtime", "time.ctime")


class _Thread(threading.local):
    is_recording = False


_thread = _Thread()


def asked(name: str, original: Function) -> Function:
    """Return what asks instead of a function, in a traced call: with the same parameters and the same result."""
    if name in DATES:
        return _date(name, original)
    if name in CHOICES:
        return _fitting(original, _CHOOSERS[name.rpartition(".")[2]](name, original))

    def ask(*args: Any, **kwargs: Any) -> Any:
        given: dict[str, Any] = {"args": list(args)} if args else {}
        if kwargs:
            given["kwargs"] = kwargs
        return _recorded(name, given, lambda: original(*args, **kwargs))

    return ask


def read_clock() -> float:
    """Return the time of the recorded clock, in seconds."""
    return _recorded("time.time", {}, getattr(time.time, "__wrapped__", time.time))  # type: ignore[no-any-return]


def _recorded(name: str, given: dict[str, Any], ask: Callable[[], Any]) -> Any:
    if _thread.is_recording:  # by the program's own `redact`, while this is written
        return ask()
    _thread.is_recording = True
    try:
        return _record(name, given, ask)
    finally:
        _thread.is_recording = False


def _record(name: str, given: dict[str, Any], ask: Callable[[], Any]) -> Any:
    call = begin(name, "tool", lambda: given)
    if call is None:
        return ask()
    if call.answer is None:
        try:
            result = ask()
        except BaseException as error:
            call.fail(error)
            raise
        call.end(result)
        return result
    if name in DRAWS or name in CHOICES:
        with contextlib.suppress(Exception):
            ask()  # the generator goes on as it did, for all who draw from it without being recorded
    if isinstance(call.answer, Served):
        return call.answer.at_once(call)
    return served_by(call).deliver(call)


def _date(name: str, original: Function) -> Function:
    """Return what gives the time of the recorded clock to a function that reads it where it is given none."""
    local = time.localtime
    before = 1 if name == "time.strftime" else 0
    """So many arguments come before the time."""

    def ask(*args: Any) -> Any:
        is_now = args == (None,) and name in _NONE_IS_NOW
        if len(args) != before and not is_now:
            return original(*args)
        seconds = read_clock()
        if name in ("time.strftime", "time.asctime"):
            moment = getattr(local, "__wrapped__", local)(seconds)
            return original(*args, moment)
        return original(seconds)

    return ask


def _fitting(original: Function, ask: Function) -> Function:
    """Return what has the original complain where it is called wrongly."""
    signature = inspect.signature(original)

    def fitting(*args: Any, **kwargs: Any) -> Any:
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            return original(*args, **kwargs)
        return ask(*args, **kwargs)

    return fitting


def _choice(name: str, original: Function) -> Function:
    def ask(seq: Any) -> Any:
        if not len(seq):
            return original(seq)
        return seq[_recorded(name, {"of": len(seq)}, lambda: original(range(len(seq))))]

    return ask


def _choices(name: str, original: Function) -> Function:
    def ask(population: Any, weights: Any = None, *, cum_weights: Any = None, k: int = 1) -> Any:
        size = len(population)
        if not size:
            return original(population, weights, cum_weights=cum_weights, k=k)
        given = {"of": size, "weights": weights, "cum_weights": cum_weights, "k": k}
        drawn = _recorded(name, given, lambda: original(range(size), weights, cum_weights=cum_weights, k=k))
        return [population[position] for position in drawn]

    return ask


def _sample(name: str, original: Function) -> Function:
    def ask(population: Any, k: int, *, counts: Any = None) -> Any:
        if not isinstance(population, Sequence):
            return original(population, k, counts=counts)
        size = len(population)
        given = {"of": size, "k": k, "counts": counts}
        drawn = _recorded(name, given, lambda: original(range(size), k, counts=counts))
        return [population[position] for position in drawn]

    return ask


def _shuffle(name: str, original: Function) -> Function:
    def ask(x: Any) -> None:
        if type(x) is not list:
            original(x)
            return

        def positions() -> list[int]:
            order = list(range(len(x)))
            original(order)
            return order

        items = list(x)
        x[:] = [items[position] for position in _recorded(name, {"of": len(items)}, positions)]

    return ask


_CHOOSERS: dict[str, Callable[[str, Function], Function]] = {
    "choice": _choice,
    "choices": _choices,
    "sample": _sample,
    "shuffle": _shuffle,
}
