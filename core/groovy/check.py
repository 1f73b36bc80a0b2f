"""Whether Groovy scripts compile: a JVM that looks at them and ends. No script is run.

Results are remembered by the scripts' contents, since a configuration is checked far more often than a script changes.
"""

import hashlib
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from core.errors import Fault, TidegateError
from core.groovy import discovery
from core.groovy.build import Built, build
from core.groovy.class_data import class_data_flags
from core.groovy.discovery import Missing
from core.groovy.jvm_process import java_command

CHECK_SECONDS = 30.0
"""For all scripts of a tenant; what a script has the compiler do is bounded by it."""
MOST_REMEMBERED = 64
_CHECKING = threading.Lock()
"""One JVM at a time: a console asks the same from several screens."""
_remembered: dict[str, Mapping[str, Fault]] = {}


class Compiled(msgspec.Struct):
    """The line that a JVM prints which was asked to check scripts."""

    faults: list[Fault]


def groovy_faults(cache: Path, folders: Sequence[Path], names: Iterable[str]) -> Mapping[str, Fault]:
    """The first fault of each script of `names` that has one; `cache` is where the sidecar is kept compiled.

    TidegateError where they cannot be checked: no Java, no Groovy, a compiler that does not end.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    found = discovery.find()
    if isinstance(found, Missing):
        discovery.forget()
        raise TidegateError(found.reason)
    with _CHECKING:
        built = build(found, cache)
        key = _key(built, folders, wanted)
        if key not in _remembered:
            faults = _by_script(wanted, check_scripts(built, folders, wanted))
            while len(_remembered) >= MOST_REMEMBERED:
                _remembered.pop(next(iter(_remembered)))
            _remembered[key] = faults
        return _remembered[key]


def check_scripts(built: Built, folders: Sequence[Path], names: Sequence[str]) -> list[Fault]:
    """Compiles these scripts, looked for in `folders` in this order, and gives every fault. Takes about a second."""
    command = java_command(built, "-XX:TieredStopAtLevel=1", *class_data_flags(built))
    command += ["--check", *map(str, folders), "--", *names]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        raise TidegateError(f"the Groovy scripts were not checked: that took over {CHECK_SECONDS:g} s") from None
    except OSError as error:
        raise TidegateError(f"the Groovy scripts were not checked: {error}") from error
    lines = done.stdout.splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else b"", type=Compiled).faults
    except msgspec.MsgspecError:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        reason = f"the JVM ended with status {done.returncode}: {said}"
        raise TidegateError(f"the Groovy scripts were not checked: {reason}") from None


def _key(built: Built, folders: Sequence[Path], names: Sequence[str]) -> str:
    """Names everything that a compilation depends on."""
    digest = hashlib.sha256(f"{built.folder}\0{chr(0).join(names)}\0".encode())
    for folder in folders:
        digest.update(f"{folder}\0".encode())
        for file in sorted(folder.rglob("*.groovy")):
            try:
                text = file.read_bytes()
            except OSError:
                continue  # it has gone meanwhile, or is no file
            digest.update(f"{file.relative_to(folder)}\0{len(text)}\0".encode("utf-8", "surrogateescape") + text)
    return digest.hexdigest()


def _by_script(names: Sequence[str], faults: Sequence[Fault]) -> dict[str, Fault]:
    by_script: dict[str, Fault] = {}
    for fault in sorted(faults, key=lambda fault: fault.line):
        if fault.file in names:
            by_script.setdefault(fault.file, fault)
    return by_script
