"""What Tidegate is measured beside, each with the set-up that installs it: `node_red`, `java`, and `bare` asyncio.

What npm brings and javac makes is kept in the user's cache folder, for the next run.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

APT_SECONDS = 600.0


class Absent(Exception):
    """Something that cannot be had on this machine; says why, and what to do."""


def cache(name: str) -> Path:
    """A folder that outlives the run."""
    folder = user_cache_path("tidegate-benchmarks") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def need(packages: Mapping[str, str]) -> None:
    """Has these commands and files (absolute paths) there: each with the Debian package that brings it, which is
    installed where this process may. Absent where something is wanting then."""
    lacking = [package for thing, package in packages.items() if not _is_there(thing)]
    if not lacking:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run_quietly(["apt-get", "update", "-qq"])
        run_quietly(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *lacking])
    if still := [package for thing, package in packages.items() if not _is_there(thing)]:
        raise Absent(f"wants {' '.join(still)} (Debian: apt install {' '.join(still)})")


def run_quietly(command: list[str], seconds: float = APT_SECONDS) -> None:
    """Runs a step of a set-up; Absent with its last words where it fails."""
    try:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"`{' '.join(command)}`: {error}") from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
        raise Absent(f"`{' '.join(command)}`: {words[-1]}")


def _is_there(thing: str) -> bool:
    return Path(thing).exists() if thing.startswith("/") else shutil.which(thing) is not None
