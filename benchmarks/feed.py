"""How fast Live Traffic answers a key while rows pour in: the list alone, on a real terminal of 160 x 48.

    python benchmarks/feed.py --rate 2000 --rate 10000 --seconds 10

The list runs in a child process on a pseudo-terminal and is fed frames as the engine sends them, ten a second, decoded
from JSON. This process presses F8 every 150 ms and waits until the changed text comes out of the terminal. Printed are
the time from key to text, the delay of a 10 ms sleep in the child's event loop, and the child's share of one core.
"""

import argparse
import asyncio
import json
import os
import resource
import select
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import msgspec
from terminal import Terminal
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Static

import themes
from console.widgets.traffic_list import TrafficList
from core.control.feeds import Frame
from core.model.dates import date_text
from core.model.requests import Brief, TrafficRow

FRAMES_A_SECOND = 10
KEY = b"\x1b[19~"
KEY_EVERY = 0.15


def frame(first: int, count: int) -> bytes:
    """A frame as it crosses the control socket."""
    now = int(time.time() * 1000)
    rows = [
        TrafficRow(
            id=f"0198c0de-{number:027d}",
            tenant="default",
            event_source="lora",
            received_date=date_text(now),
            remote=f"10.0.{number % 7}.{number % 251}:{40000 + number % 999}",
            method="POST",
            target="/lora",
            outcome="failed" if number % 50 == 0 else "decoded",
            reason="lora.py:14  JSON is missing the id" if number % 50 == 0 else None,
            status=422 if number % 50 == 0 else 200,
            events=1,
            bytes=203,
            milliseconds=0.8,
            script="3f9a1c",
            decoded=[Brief(str(278000 + number % 999), "Measurements", f"rssi -{number % 120}.0  snr -6.0")],
        )
        for number in range(first, first + count)
    ]
    return msgspec.json.encode(Frame(subscription=1, rows=rows))


class FeedApp(App[None]):
    """The list and a counter that F8 raises."""

    BINDINGS: ClassVar = [Binding("f8", "count", priority=True)]
    CSS = "Static { height: 1; }"
    pressed = 0

    def __init__(self, rate: int, report: int) -> None:
        super().__init__()
        self.rate, self.report = rate, report
        self.lags: list[float] = []
        self.traffic = TrafficList()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.default_variables()

    def compose(self) -> ComposeResult:
        yield Static("k00000", id="counter")
        yield self.traffic

    def on_mount(self) -> None:
        self.traffic.focus()
        self.feeding = asyncio.create_task(self.feed())
        self.lagging = asyncio.create_task(self.watch_lag())

    async def feed(self) -> None:
        """Frames come from a thread, as they would from another process; only decoding and receiving happens here."""
        loop, frames = asyncio.get_running_loop(), asyncio.Queue[bytes](FRAMES_A_SECOND)
        threading.Thread(target=self.produce, args=(loop, frames), daemon=True).start()
        while True:
            self.traffic.receive(msgspec.json.decode(await frames.get(), type=Frame).rows)

    def produce(self, loop: asyncio.AbstractEventLoop, frames: asyncio.Queue[bytes]) -> None:
        number, due = 0, time.monotonic()
        while True:
            count = self.rate // FRAMES_A_SECOND
            asyncio.run_coroutine_threadsafe(frames.put(frame(number, count)), loop).result()
            number, due = number + count, due + 1 / FRAMES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))

    async def watch_lag(self) -> None:
        while True:
            begin = time.perf_counter()
            await asyncio.sleep(0.01)
            self.lags.append((time.perf_counter() - begin - 0.01) * 1000)

    def action_count(self) -> None:
        self.pressed += 1
        self.query_one("#counter", Static).update(f"k{self.pressed:05d}")

    def on_unmount(self) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        lags = [statistics.quantiles(self.lags, n=100)[98], max(self.lags)]
        said = {"lags": lags, "cpu": used.ru_utime + used.ru_stime, "rows": self.traffic.ring.end}
        os.write(self.report, json.dumps(said).encode())


class Keys:
    """The child's terminal, and how long its keys took."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.latencies: list[float] = []

    def press(self, count: int) -> None:
        begin = time.perf_counter()
        self.terminal.type(KEY)
        if self.terminal.wait_for(b"k%05d" % count, 10):
            self.latencies.append((time.perf_counter() - begin) * 1000)


def start(rate: int, report: int) -> Terminal:
    """The child process on a terminal of its own; `report` is where it says its figures when it ends."""
    os.set_inheritable(report, True)
    return Terminal([sys.executable, str(Path(__file__)), "--child", str(rate), str(report)])


def measure(rate: int, seconds: float) -> str:
    """One run; its line of the report."""
    reading, writing = os.pipe()
    terminal = start(rate, writing)
    keys = Keys(terminal)
    os.close(writing)
    terminal.wait_for(b"k00000", 10)
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        count += 1
        keys.press(count)
        pause = time.monotonic() + KEY_EVERY
        while time.monotonic() < pause:
            terminal.read(0.02)
    took = time.monotonic() - begin
    terminal.type(b"\x11")
    said = b""
    while not said:
        terminal.read(0.01)
        if select.select([reading], [], [], 0)[0]:
            said = b"".join(iter(lambda: os.read(reading, 65536), b""))
    terminal.close()
    figures = json.loads(said)
    times, (lag, worst) = statistics.quantiles(keys.latencies, n=100), figures["lags"]
    return (
        f"{rate:>7,} {figures['rows'] / took:>9,.0f}  {times[49]:6.1f} {times[94]:6.1f}  {lag:6.1f} "
        f"{worst:6.1f}  {figures['cpu'] / took:6.0%}  {terminal.written / took / 1000:8.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, action="append", help="rows a second; may be given more than once")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--child", nargs=2, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        FeedApp(*given.child).run()
        return
    print(" rows/s       got  key ms p50/p95  lag ms p99/max    CPU  terminal kB/s")
    for rate in given.rate or [2000, 10000]:
        print(measure(rate, given.seconds), flush=True)


if __name__ == "__main__":
    main()
