"""wrk on a core of its own, posting the tutorial's request, and what it saw."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BODY = (
    '{"deveui":"0004a30b001c0530","dataFrame":"AB==","port":1,"timestamp":"2015-02-11 10:33:00.578","fcnt":138,'
    '"rssi":-111,"snr":-6,"sf_used":"8","id":278998,"live":true,"decrypted":false,"gateway":"g-1"}'
)
BODY += " " * (203 - len(BODY))

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{body}]]
"""
CLOSING = 'wrk.headers["Connection"] = "close"\n'
"""A connection for each request."""
UNIQUE = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["X-Request-Id"] = string.format("%012d", count)
  return wrk.format()
end
"""
"""No two heads alike."""
LINES = """
local line = nil
request = function()
  local now = line or wrk.format()
  line = wrk.body .. "\\n"
  return now
end
"""
"""No HTTP, but the body as a line, behind a first request that wrk only looks at. Its answer must be one of HTTP's."""
LINE_ANSWER = r"HTTP/1.1 204 \r\n\r\n"
"""As a setting has it."""
_PACED = """
function delay()
  return {milliseconds}
end
"""
_GRACE = 60.0
"""Seconds that wrk may take beyond its own."""


@dataclass
class Round:
    """What wrk saw in one round; times are milliseconds."""

    answered: int
    rate: float
    p50: float
    p99: float
    errors: int
    """Answers other than 2xx and 3xx, and broken connections."""
    refused: int = 0
    """Answers other than 2xx and 3xx."""


def paced(rate: float, connections: int) -> str:
    """Has the connections wait between their requests, so that all together offer `rate` a second."""
    return _PACED.format(milliseconds=round(connections / rate * 1000))


def missing(cores: Sequence[int], cpus: int) -> str | None:
    """What this machine lacks to run wrk on one core and servers on another."""
    if shutil.which("wrk") is None:
        return "wrk (Debian: apt install wrk)"
    return "a second core for wrk" if cpus < 2 or max(cores) >= cpus else None


class Running:
    """A round that goes on."""

    def __init__(self, command: list[str], seconds: int) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def printed(self) -> str:
        """All that wrk printed, at its end."""
        try:
            out, words = self._process.communicate(timeout=self._seconds + _GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        if self._process.returncode:
            raise SystemExit(f"wrk failed: {words or out}")
        return out

    def result(self) -> Round:
        return round_of(self.printed())


class Wrk:
    """wrk on `core`, or several (`0,1`), for so many seconds a round; `more` is Lua behind what makes the request."""

    def __init__(self, folder: Path, core: int | str, seconds: int, *, more: str = "", scheme: str = "http") -> None:
        self._core = str(core)
        self._seconds = seconds
        self._scheme = scheme
        folder.mkdir(exist_ok=True)
        self._script = folder / "post.lua"
        self._script.write_text(SCRIPT.format(body=BODY) + more)

    def start(self, port: int, connections: int) -> Running:
        """Begins a round, beside which something else may happen."""
        command = ["taskset", "-c", self._core, "wrk", "-t1", f"-c{connections}", f"-d{self._seconds}s"]
        command += ["--latency", "-s", str(self._script), f"{self._scheme}://127.0.0.1:{port}/lora"]
        return Running(command, self._seconds)

    def __call__(self, port: int, connections: int) -> Round:
        return self.start(port, connections).result()


def round_of(text: str) -> Round:
    """What wrk printed."""
    refused = int(_number(r"Non-2xx or 3xx responses: (\d+)", text))
    broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    return Round(
        answered=int(_number(r"(\d+) requests in", text) - refused),
        rate=_number(r"Requests/sec:\s+([\d.]+)", text),
        p50=_milliseconds("50%", text),
        p99=_milliseconds("99%", text),
        errors=refused + broken,
        refused=refused,
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _milliseconds(share: str, text: str) -> float:
    count, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s|m)\b", text)[0]
    return float(count) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]
