"""Traced calls in signal handlers, finalizers, forks and callbacks, in the middle of other traced calls."""

import functools
import gc
import os
import signal
import sys
import threading
import weakref

import treadle


@treadle.trace
def step(name: str) -> str:
    return name


@treadle.trace
def handle(number: int, frame: object) -> None:
    print("signal", step("in a handler"))


signal.signal(signal.SIGUSR1, handle)


class Dying:
    @treadle.trace
    def __del__(self) -> None:
        print("dying", step("in a finalizer"))


@treadle.trace
def outer() -> str:
    os.kill(os.getpid(), signal.SIGUSR1)
    dying = Dying()
    del dying
    cycle = Dying()
    cycle.itself = cycle
    del cycle
    gc.collect()
    thing = Dying()
    watched = weakref.ref(thing, treadle.trace(lambda gone: print("gone", step("in a callback"))))
    del thing
    return sorted(["b", "a"], key=treadle.trace(lambda text: text))[0] + str(watched())


print(outer())
print(functools.reduce(treadle.trace(lambda left, right: left + right), [1, 2, 3]), list(map(step, "ab")))


def fork() -> None:
    """Fork in a thread, while another holds what it can."""
    pid = os.fork()
    if not pid:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123
        os._exit(0 if step("in a child") == "in a child" and outer() == "aNone" else 1)
    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def busily(until: threading.Event) -> None:
    while not until.is_set():
        step("busy")


done = threading.Event()
threads = [threading.Thread(target=busily, args=(done,)) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(3):
    forking = threading.Thread(target=treadle.trace(fork))
    forking.start()
    forking.join()
done.set()
for thread in threads:
    thread.join()
sys.setprofile(lambda *_: None)
print(step("profiled"))
sys.setprofile(None)
