"""How steadily the machine computes: what a row's slowest answers owe to it, and not to what is measured."""

import os
import subprocess
import sys
import time

_WORK = 20_000
"""Turns of a loop: about half a millisecond."""
_SECONDS = 6.0
_SPIN = "import time\nuntil = time.monotonic() + float(__import__('sys').argv[1])\nwhile time.monotonic() < until: pass"


def steadiness(core: int, other: int) -> str:
    """The same work again and again on one core, while the other is busy too, without any input or output. It is
    measured in time of this thread, in which whatever else runs on the core does not count."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    spin = subprocess.Popen(["taskset", "-c", str(other), sys.executable, "-c", _SPIN, str(_SECONDS)])
    took: list[float] = []
    try:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            began = time.thread_time()
            for _ in range(_WORK):
                pass
            took.append((time.thread_time() - began) * 1000)
    finally:
        spin.terminate()
        spin.wait(10)
        os.sched_setaffinity(0, before)
    took.sort()
    usual, slow, most = took[len(took) // 2], took[len(took) * 99 // 100], took[-1]
    return f"{usual:.2f} ms of mere computing take {slow:.2f} ms at p99, {most:.1f} at the most"
