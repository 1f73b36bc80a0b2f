"""The class-data archive: what a JVM has loaded and verified once, mapped by the next, which halves its start.

It is made beside the running sidecar by a JVM of its own, which decodes a little, and writes the archive as it ends.
"""

import asyncio
import contextlib
import logging
import os
import tempfile
import time
from pathlib import Path

import msgspec

from core.errors import TidegateError
from core.groovy.build import Built
from core.groovy.calls import calling
from core.groovy.frames import LOAD, RUN, Load, Loaded, run_body
from core.groovy.jvm_process import JvmProcess, java_command
from core.groovy.listening import listen

LATER = 3.0
"""Seconds after a start for which the machine is left to the devices that wait."""
MAKING_SECONDS = 60.0
ROUNDS = 20
SCRIPT = """\
import com.fasterxml.jackson.databind.*
import com.sitewhere.rest.model.device.communication.*
import com.sitewhere.rest.model.device.event.request.*

ObjectMapper mapper = new ObjectMapper()
JsonNode json = mapper.readTree(new String(payload))
if (json.get("id") == null) {
    throw new RuntimeException("JSON is missing the id")
}
DeviceMeasurementsCreateRequest request = new DeviceMeasurementsCreateRequest()
request.setEventDate(new java.util.Date())
request.addOrReplaceMeasurement("rssi", json.get("rssi").asInt())
DecodedDeviceRequest decoded = new DecodedDeviceRequest()
decoded.setHardwareId(json.get("id").asText())
decoded.setRequest(request)
events.add(decoded)
logger.info("decoded " + json.get("id") + " of " + metadata)
"""
"""What most scripts do."""
LOG = logging.getLogger("tidegate.groovy")
_tried: set[Path] = set()


def _kind(built: Built) -> str:
    """Which kind of archive this JVM can make: on top of its own (`jsa`), a cache of the newer kind, or none."""
    if (built.found.java_home / "lib" / "server" / "classes.jsa").is_file():
        return "jsa"
    return "aot" if built.found.java_release >= 25 else ""


def _archive(built: Built) -> Path:
    return built.folder / f"classes.{_kind(built)}"


def class_data_flags(built: Built) -> tuple[str, ...]:
    """The flags that have a JVM use the archive; none where there is none."""
    archive = _archive(built)
    if not archive.is_file():
        return ()
    return (f"-XX:SharedArchiveFile={archive}",) if _kind(built) == "jsa" else (f"-XX:AOTCache={archive}",)


async def make_class_data(built: Built) -> None:
    """Makes the archive, if there is none and this process has not tried yet. What goes wrong is only logged: a
    sidecar works without it."""
    archive = _archive(built)
    if not _kind(built) or built.folder in _tried:
        return
    _tried.add(built.folder)
    _remove_leftovers(built.folder)
    if archive.is_file():
        return
    await asyncio.sleep(LATER)
    option = "ArchiveClassesAtExit" if _kind(built) == "jsa" else "AOTCacheOutput"
    try:
        with tempfile.TemporaryDirectory(prefix="tg-") as folder:
            made = built.folder / f".{archive.name}.{os.getpid()}"
            try:
                async with asyncio.timeout(MAKING_SECONDS):
                    await _run_jvm(java_command(built, f"-XX:{option}={made}"), Path(folder))
                os.replace(made, archive)
            finally:
                made.unlink(missing_ok=True)
                made.with_name(made.name + ".config").unlink(missing_ok=True)
    except (TidegateError, OSError, TimeoutError, EOFError, ValueError) as error:
        LOG.warning("no class-data archive could be made for Groovy, which starts slower without: %s", error)


def _remove_leftovers(folder: Path) -> None:
    """Half-made archives of engines that were killed."""
    old = time.time() - 2 * MAKING_SECONDS
    for file in folder.glob(".classes.*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < old:
                file.unlink()


async def _run_jvm(command: list[str], folder: Path) -> None:
    """Starts a JVM, has it decode a little, and waits until it has ended by itself."""
    path = folder / "s"
    (folder / "example.groovy").write_text(SCRIPT)
    with listen(path) as listener:
        jvm = await JvmProcess.start(command, listener)
        try:
            await jvm.ready()
            await _decode(path, folder)
            await jvm.end(MAKING_SECONDS)
        finally:
            jvm.kill()


async def _decode(path: Path, folder: Path) -> None:
    async with calling(path, folder) as calls:
        load = msgspec.json.encode(Load(script="example.groovy", kind="binary"))
        loaded = msgspec.json.decode(await calls.call(LOAD, load), type=Loaded)
        for _ in range(ROUNDS):
            body = run_body(loaded.handle, 5.0, b'{"source":"-"}', b"{}", b'{"id":1,"rssi":-111}')
            await calls.call(RUN, body)
