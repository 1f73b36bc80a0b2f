"""What a Groovy decoder costs: the tutorial's script in Groovy beside the same event source with a Python decoder.

Two whole engines, each with one worker and the HTTP handler, share one core; the JVM has the other, and wrk with it.
The two are measured in turns, since machines change their speed: 64 connections that stay open, for the ratio of the
rates; then one connection, for what the way through the JVM adds to one request. Medians are printed. The JVM is warm:
load runs before anything is counted. What wrk counts was acknowledged, and must be in the index.

    apt install wrk groovy libjackson2-databind-java default-jre-headless && python benchmarks/groovy.py

On two cores that others used as well, Groovy 2.4.21 on Java 17, medians of 9 pairs of rounds, in two runs: 9,295 and
6,240 requests/s with Groovy, 9,480 and 7,115 with Python; in pairs 0.69 to 1.18 and 0.62 to 1.08, at the median 1.01
and 0.92. The JVM's core takes the decode from the worker, which pays about as much for the way there and back. One
request alone: 0.18 and 0.21 ms more than with Python.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from under_load import Kept, Tally, catch_up, engine, make_home, status
from wrk import Round, Wrk, missing

from core.cli.tutorial import free_port
from core.groovy import discovery
from core.groovy.discovery import Missing

SCRIPT = """\
import com.fasterxml.jackson.databind.*
import com.sitewhere.rest.model.device.communication.*
import com.sitewhere.rest.model.device.event.request.*
import com.sitewhere.spi.device.event.request.*

ObjectMapper mapper = new ObjectMapper()
JsonNode json = mapper.readTree(new String(payload))
if (json.get("id") == null) {
    throw new RuntimeException("the JSON has no id")
}
DeviceMeasurementsCreateRequest mx = new DeviceMeasurementsCreateRequest()
mx.setEventDate(new java.util.Date())
if (json.get("rssi") != null) {
    mx.addOrReplaceMeasurement("rssi", json.get("rssi").asInt())
    logger.info("rssi: " + json.get("rssi").asInt())
}
if (json.get("snr") != null) {
    mx.addOrReplaceMeasurement("snr", json.get("snr").asInt())
    logger.info("snr: " + json.get("snr").asInt())
}
DecodedDeviceRequest<IDeviceMeasurementsCreateRequest> decoded =
    new DecodedDeviceRequest<IDeviceMeasurementsCreateRequest>()
decoded.setHardwareId(json.get("id").asText())
decoded.setRequest(mx)
events.add(decoded)
"""
START_SECONDS = 60.0
SETTLE_SECONDS = 8.0
"""After the start: the JVM that makes the class-data archive has ended by then."""


@dataclass
class Side:
    """One of the two engines, and what wrk saw of it."""

    home: Path
    port: int
    tally: Tally = field(default_factory=Tally)
    many: list[Round] = field(default_factory=list)
    one: list[Round] = field(default_factory=list)

    def measure(self, wrk: Wrk, connections: int) -> Round:
        seen = self.tally.add(wrk(self.port, connections), connections)
        asyncio.run(catch_up(self.home))
        return seen

    def kept(self) -> Kept:
        return self.tally.kept(self.home)


@dataclass
class Result:
    """Medians of all rounds; times are milliseconds."""

    groovy: float
    python: float
    ratio: float
    ratios: list[float]
    groovy_p99: float
    python_p99: float
    groovy_one: float
    python_one: float
    added: float
    added_in: list[float]
    errors: int
    kept: list[Kept]


def main() -> int:
    options = _options()
    found = discovery.find()
    lack = (
        found.reason if isinstance(found, Missing) else missing((options.core, options.jvm_core), os.cpu_count() or 1)
    )
    if lack:
        print(f"missing: {lack}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        result = measure(Path(folder), options)
    whole = all(kept.whole for kept in result.kept)
    if options.json:
        print(json.dumps(asdict(result) | {"whole": whole}))
    else:
        _print(result)
    return 0 if whole and not result.errors else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Groovy decoders beside Python decoders.")
    parser.add_argument("--rounds", type=int, default=9, help="pairs of each measurement")
    parser.add_argument("--seconds", type=int, default=3, help="of one round")
    parser.add_argument("--warm", type=int, default=2, help="rounds before anything is counted")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--core", type=int, default=0, help="of both engines")
    parser.add_argument("--jvm-core", type=int, default=1, help="of the JVM, and of wrk")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> Result:
    """Both engines in turns, Groovy's first."""
    wrk = Wrk(folder, options.jvm_core, options.seconds)
    groovy, python = Side(folder / "groovy", free_port()), Side(folder / "python", free_port(0))
    for side in (groovy, python):
        make_home(side.home, side.port)
    _use_groovy(groovy.home)
    with engine(options.core, groovy.home), engine(options.core, python.home):
        _give_core(groovy.home, options.jvm_core)
        time.sleep(SETTLE_SECONDS)
        for _ in range(options.warm):
            for side in (groovy, python):
                side.measure(wrk, options.connections)
        for _ in range(options.rounds):
            for side in (groovy, python):
                side.many.append(side.measure(wrk, options.connections))
        for _ in range(options.rounds):
            for side in (groovy, python):
                side.one.append(side.measure(wrk, 1))
        return _result(groovy, python)


def _use_groovy(home: Path) -> None:
    """Has the tutorial's tenant decode with Groovy."""
    tenant = home / "tenants" / "default"
    (tenant / "scripts" / "decodeOSS.groovy").write_text(SCRIPT)
    file = tenant / "tenant.toml"
    text = file.read_text().replace('type = "python"', 'type = "groovy"').replace("decode_lora.py", "decodeOSS.groovy")
    file.write_text(text)


def _give_core(home: Path, core: int) -> None:
    """Moves the JVM to a core of its own."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for node in asyncio.run(status(home)).tree.children:
            if node.kind == "groovy" and node.state == "started" and node.detail["pid"]:
                command = ["taskset", "-acp", str(core), str(node.detail["pid"])]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                return
        time.sleep(0.1)
    raise SystemExit("Groovy did not start")


def _result(groovy: Side, python: Side) -> Result:
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(groovy.many, python.many, strict=True)]
    added = [ours.p50 - theirs.p50 for ours, theirs in zip(groovy.one, python.one, strict=True)]
    return Result(
        groovy=statistics.median(each.rate for each in groovy.many),
        python=statistics.median(each.rate for each in python.many),
        ratio=statistics.median(ratios),
        ratios=[round(ratio, 3) for ratio in ratios],
        groovy_p99=statistics.median(each.p99 for each in groovy.many),
        python_p99=statistics.median(each.p99 for each in python.many),
        groovy_one=statistics.median(each.p50 for each in groovy.one),
        python_one=statistics.median(each.p50 for each in python.one),
        added=statistics.median(added),
        added_in=[round(each, 3) for each in added],
        errors=groovy.tally.errors + python.tally.errors,
        kept=[groovy.kept(), python.kept()],
    )


def _print(result: Result) -> None:
    for name, rate, p99, one in (
        ("Groovy", result.groovy, result.groovy_p99, result.groovy_one),
        ("Python", result.python, result.python_p99, result.python_one),
    ):
        print(f"{name}   {rate:>9,.0f}/s   p99 {p99:6.1f} ms   one alone: p50 {one:6.3f} ms")
    print(f"ratio of the rates   {result.ratio:.3f}   in pairs: {' '.join(f'{each:.3f}' for each in result.ratios)}")
    print(
        f"added to one request {result.added:.3f} ms   in pairs: {' '.join(f'{each:.3f}' for each in result.added_in)}"
    )
    print(f"errors {result.errors}")
    for name, kept in zip(("Groovy", "Python"), result.kept, strict=True):
        print(f"{name}: {kept}")


if __name__ == "__main__":
    sys.exit(main())
