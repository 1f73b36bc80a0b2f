"""How long the small commands take to answer, beside the start of Python itself.

    python benchmarks/commands.py

Each is run in turns with `python -c pass`, wall time. The median should be below 200 ms: an operator who types
`tidegate status` at three in the morning waits for the answer and not for imports.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

TIDEGATE = str(Path(sys.executable).with_name("tidegate"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "tidegate --help": [TIDEGATE, "--help"],
    "tidegate --version": [TIDEGATE, "--version"],
    "tidegate status (no engine)": [TIDEGATE, "status", "--home", "/nowhere"],
}


def wall(command: list[str]) -> float:
    """Milliseconds from the start of a command to its end."""
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, timeout=30)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the small commands take to answer.")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            taken[name].append(wall(command))
    for name, times in taken.items():
        print(f"{name:30} median {statistics.median(times):6.0f} ms   least {min(times):6.0f}   most {max(times):6.0f}")


if __name__ == "__main__":
    main()
