"""What the measurements of the table have in common: one Tidegate under load, a server beside it, pairs in turns."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from under_load import Tally, catch_up, cpu_seconds, engine, make_home, pinned, workers
from wrk import Round, Wrk

from core.cli.tutorial import free_port

CONNECTIONS = 64


@dataclass
class Used:
    """CPU time, which says what a request costs also where others use the machine."""

    seconds: float = 0.0
    requests: int = 0

    def add(self, pids: Sequence[int], run: Callable[[], Round]) -> Round:
        """Runs a round and counts what these processes used in it."""
        before = sum(map(cpu_seconds, pids))
        seen = run()
        self.seconds += sum(map(cpu_seconds, pids)) - before
        self.requests += seen.answered
        return seen

    def __str__(self) -> str:
        return f"{self.seconds / max(1, self.requests) * 1e6:.0f} us"


@dataclass
class Gate:
    """A whole Tidegate under load: what wrk saw of it, and how it caught up after each round."""

    home: Path
    port: int
    """Of the tutorial's event source."""
    pid: int = 0
    tally: Tally = field(default_factory=Tally)
    behind: list[float] = field(default_factory=list)
    """Seconds that the index took to catch up after each round."""
    used: dict[str, tuple[Used, Used]] = field(default_factory=dict)
    """By the workers, and by the engine with the catching up, for each kind of load."""

    def drive(self, load: Callable[[], Round], connections: int = CONNECTIONS, *, kind: str = "") -> Round:
        """One round, and until the index has caught up: whoever is measured next has the core alone."""
        by_workers, by_engine = self.used.setdefault(kind, (Used(), Used()))
        pids = workers(self.home)

        def whole() -> Round:
            seen = by_workers.add(pids, load)
            self.catch_up()
            return seen

        return self.tally.add(by_engine.add([self.pid], whole), connections)

    def costs(self) -> list[str]:
        """What a request cost, in words."""
        return [
            f"CPU of a request{f' ({kind})' if kind else ''}: {by_workers} in the worker, {by_engine} in the engine"
            for kind, (by_workers, by_engine) in self.used.items()
        ]

    def catch_up(self) -> None:
        self.behind.append(asyncio.run(catch_up(self.home))[1])

    @contextmanager
    def not_following(self) -> Iterator[None]:
        """The engine stands still, and with it the index; workers go on by themselves."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@dataclass
class Peer:
    """A server beside it."""

    pid: int
    used: Used = field(default_factory=Used)

    def drive(self, load: Callable[[], Round]) -> Round:
        return self.used.add([self.pid], load)

    def costs(self) -> list[str]:
        return [f"CPU of a request: {self.used} in what is beside it"]


@dataclass(frozen=True)
class Bench:
    """One run of the table."""

    folder: Path
    core: int
    wrk_core: int
    seconds: int
    rounds: int
    lag_seconds: int

    @property
    def both(self) -> str:
        return f"{self.core},{self.wrk_core}"

    def wrk(self, *, more: str = "", scheme: str = "http", both: bool = False, seconds: int = 0) -> Wrk:
        core = self.both if both else self.wrk_core
        return Wrk(self.new_folder("wrk"), core, seconds or self.seconds, more=more, scheme=scheme)

    def new_folder(self, name: str) -> Path:
        return Path(mkdtemp(prefix=f"{name}-", dir=self.folder))

    @contextmanager
    def gate(self, *additions: Callable[[Path], None], both: bool = False, port: int | None = None) -> Iterator[Gate]:
        """Tidegate on its core with the tutorial's tenant, and what else is added to its home."""
        home, port = self.new_folder("gate") / "home", port or free_port(0)
        make_home(home, port)
        for add in additions:
            add(home)
        with engine(self.both if both else self.core, home) as pid:
            yield Gate(home, port, pid)

    @contextmanager
    def beside(self, command: list[str]) -> Iterator["Peer"]:
        """A peer on Tidegate's core."""
        with pinned(self.core, command) as pid:
            yield Peer(pid)

    def in_turns(
        self, ours: Callable[[], Round], theirs: Callable[[], Round], *, warm: int = 1
    ) -> list[tuple[Round, Round]]:
        """Pairs; who comes first alternates. Before them each has rounds that nobody counts."""
        for _ in range(warm):
            ours()
            theirs()
        pairs: list[tuple[Round, Round]] = []
        for number in range(self.rounds):
            if number % 2:
                theirs_first = theirs()
                pairs.append((ours(), theirs_first))
            else:
                pairs.append((ours(), theirs()))
            self.say(f"round {number + 1} of {self.rounds}: {pairs[-1][0].rate:,.0f}/s, {pairs[-1][1].rate:,.0f}/s")
        return pairs

    def say(self, text: str) -> None:
        """Progress, beside the table."""
        print(f"  {text}", file=sys.stderr, flush=True)


def unzip(pairs: Sequence[tuple[Round, Round]]) -> tuple[list[Round], list[Round]]:
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def load(wrk: Wrk, port: int, connections: int = CONNECTIONS) -> Callable[[], Round]:
    """A round of wrk on a port."""
    return partial(wrk, port, connections)
