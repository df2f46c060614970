"""The storm: writers and readers of one store, while whatever can be killed is killed and the file is taken away.

`storm_over` runs it for some seconds and returns what was acknowledged, and who waited how long for what.
"""

from __future__ import annotations

import random
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from owners import is_owned, kill_owner, owner_pid

from .readers import Reader, Wait

HERE = Path(__file__).parent
TICK_S = 0.02
RETRY_S = 0.2
OWNERS_IMPORTS = "import treadle_storage.server"
"""The most of what the next owner does before it serves."""
EARLY_EVERY = 4
"""Of so many owners one is killed before it serves."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How hard it storms; all times are means."""

    seconds: float
    writers: int = 16
    chains_a_second: float = 10
    """Of each writer; three spans each."""
    owner_lives_s: float = 3
    writer_lives_s: float = 40
    between_foreign_s: float = 15
    foreign_holds_s: tuple[float, ...] = (1, 5)
    """By turns: shorter than it is waited for, and longer."""
    between_starts_s: float = 6
    """Between two measurements of how long a process takes to start in this weather."""


@dataclass(slots=True)
class Storm:
    """What happened; all times are monotonic."""

    acknowledged: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    owner_kills: list[float] = field(default_factory=list)
    writer_kills: int = 0
    held: list[tuple[float, float]] = field(default_factory=list)
    """From when to when a foreign program had the file."""
    starts_s: list[float] = field(default_factory=list)
    """How long a process took that imports what an owner does."""

    def waited_s(self, wait: Wait) -> float:
        """Return how long the answer took since the file was there and nobody killed the owner any more."""
        troubles = [*self.owner_kills, *(until for _, until in self.held)]
        return wait.ended_s - max([wait.begun_s, *(at for at in troubles if wait.begun_s < at < wait.ended_s)])

    def is_behind_foreign(self, wait: Wait) -> bool:
        """Tell whether a foreign program had the file when the answer came."""
        return any(since <= wait.ended_s <= until for since, until in self.held)

    def slowest_s(self) -> float:
        """Return the longest that anyone waited while nobody else had the file."""
        return max(self.waited_s(wait) for wait in self.waits if not self.is_behind_foreign(wait))

    def start_s(self) -> float:
        """Return how long a process takes to start, the median."""
        return statistics.median(self.starts_s)


class _Writers:
    """The traced programs, and files with what they acknowledged."""

    def __init__(self, weather: Weather, folder: Path) -> None:
        self._rate = str(weather.chains_a_second)
        self._folder = folder
        self._folder.mkdir()
        self._started = 0
        self._running = [self._start() for _ in range(weather.writers)]

    def kill_one(self, place: int) -> None:
        """Kill one as `kill -9` does, and start another."""
        self._kill(self._running[place])
        self._running[place] = self._start()

    def end(self) -> list[str]:
        """Kill all; return the ids of the acknowledged spans."""
        for writer in self._running:
            self._kill(writer)
        return [span for path in self._folder.iterdir() for line in _whole_lines(path) for span in line.split()]

    def _start(self) -> subprocess.Popen[bytes]:
        self._started += 1
        with (self._folder / f"{self._started}.txt").open("wb") as acknowledged:
            return subprocess.Popen([sys.executable, str(HERE / "writer.py"), self._rate], stdout=acknowledged)

    def _kill(self, writer: subprocess.Popen[bytes]) -> None:
        assert writer.poll() is None, f"a writer ended by itself: {writer.returncode}"
        writer.kill()
        writer.wait()


def _whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def storm_over(
    store: Path, weather: Weather, *, seed: int = 0, each_minute: Callable[[], None] = lambda: None
) -> Storm:
    """Let it storm; afterwards all writers are dead, and nobody has the file but an owner."""
    storm = Storm()
    store.mkdir(exist_ok=True)
    writers = _Writers(weather, store.parent / "acknowledged")
    readers = [Reader(store, fresh=fresh) for fresh in (True, True, False)]
    try:
        _Strikes(store, weather, storm, writers, random.Random(seed)).run(each_minute)
    finally:
        storm.acknowledged = writers.end()
        for reader in readers:
            reader.stop()
            storm.waits += reader.waits
    return storm


class _Strikes:
    """Does to the store whatever is due."""

    def __init__(self, store: Path, weather: Weather, storm: Storm, writers: _Writers, choose: random.Random) -> None:
        self._store = store
        self._weather = weather
        self._storm = storm
        self._writers = writers
        self._choose = choose

    def run(self, each_minute: Callable[[], None]) -> None:
        """Strike until the time is over."""
        weather = self._weather
        means: dict[Callable[[], None], float] = {
            self._kill_owner: weather.owner_lives_s,
            self._kill_writer: weather.writer_lives_s / weather.writers,
            self._take_away: weather.between_foreign_s,
            self._start_process: weather.between_starts_s,
        }
        began = time.monotonic()
        due = {strike: began + mean / 2 for strike, mean in means.items()}
        minute = began
        while (now := time.monotonic()) < began + weather.seconds:
            for strike, mean in means.items():
                if now >= due[strike]:
                    strike()
                    due[strike] = now + self._choose.uniform(0.5, 1.5) * mean
            if now >= minute:
                each_minute()
                minute += 60
            time.sleep(TICK_S)

    def _kill_owner(self) -> None:
        """Kill the owner as `kill -9` does: most when they serve, some while they are about to."""
        is_early = len(self._storm.owner_kills) % EARLY_EVERY == EARLY_EVERY - 1
        if is_early or self._serves():
            self._kill()

    def _serves(self) -> bool:
        log = self._store / "owner.log"
        return log.exists() and f" {owner_pid(self._store)} INFO serving" in log.read_text()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):  # between two owners
            if is_owned(self._store):
                kill_owner(self._store)
                self._storm.owner_kills.append(time.monotonic())

    def _kill_writer(self) -> None:
        self._writers.kill_one(self._choose.randrange(self._weather.writers))
        self._storm.writer_kills += 1

    def _take_away(self) -> None:
        """Have a foreign program take the file from a killed owner."""
        holds_s = self._weather.foreign_holds_s[len(self._storm.held) % len(self._weather.foreign_holds_s)]
        command = [sys.executable, str(HERE / "foreign.py"), str(self._store / "treadle.duckdb"), str(holds_s)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as foreign:
            assert foreign.stdout is not None
            assert foreign.stdout.readline() == b"ready\n"
            while not select.select([foreign.stdout], [], [], RETRY_S)[0]:
                self._kill()
            assert foreign.stdout.readline() == b"held\n"
            began = time.monotonic()
            assert foreign.stdout.readline() == b"free\n"
            self._storm.held.append((began, time.monotonic()))

    def _start_process(self) -> None:
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", OWNERS_IMPORTS], check=True)
        self._storm.starts_s.append(time.monotonic() - began)
