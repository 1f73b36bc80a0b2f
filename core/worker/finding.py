"""Splits some bytes by a framing in a process of its own: `python -m core.worker.finding`, a job on stdin, what was
found on stdout. Whatever a framing script does hurts nobody else."""

import os
import resource
import sys
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.registry import Catalogue
from core.catalogue.units import Size
from core.control.frames import MOST_BYTES, MOST_FOUND, FrameFound, FramesFound
from core.errors import ConfigurationError, TidegateError
from core.scripting.log import DecodeLog
from core.wire.framing import BadFrame, FramingMaker, Remembering, Splitter
from core.worker.context import Context
from core.worker.making import Making

FRAMING = Slot("framing", "framing", "Framing")


class FindingJob(msgspec.Struct, kw_only=True):
    """A framing's TOML table, and the bytes."""

    tenant: str
    packages: list[str]
    table: dict[str, Any]
    script_folders: list[str]
    data: bytes
    max_frame: str
    oversize: Literal["close", "drop"]
    max_memory: int


def find_frames(job: FindingJob) -> FramesFound:
    """Splits the bytes as if they had come over one connection, which is silent behind them."""
    log = DecodeLog()
    sys.stdout = log
    configured, faults = read_component(Catalogue(tuple(job.packages)), FRAMING, job.table, "framing")
    if configured is None:
        raise ConfigurationError(faults)
    context = Context(job.tenant, "", [Path(folder) for folder in job.script_folders], log)
    framing = cast("FramingMaker", Making(context, log).part(configured))()
    for script in context.scripts:
        script.load()
    if isinstance(framing, Remembering):
        framing.remember({}, "")
    splitter = Splitter(framing, int(Size(job.max_frame)), job.oversize)
    result, at = FramesFound(), 0

    def add(wire: bytes, frame: bytes | None, said: str = "") -> None:
        nonlocal at
        if len(result.found) < MOST_FOUND:
            result.found.append(FrameFound(at=at, wire=wire, frame=frame, said=said))
        else:
            result.more += 1
        at += len(wire)

    try:
        for found in splitter.feed(job.data[:MOST_BYTES]):
            add(found.wire, found.frame, found.said)
        tail = splitter.tail
        if (last := splitter.end()) is not None:
            add(tail, last)
    except BadFrame as bad:
        result.fault = str(bad)
    result.tail = len(splitter.tail)
    return result


def main() -> int:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what C code prints is no part of the answer
    sys.dont_write_bytecode = True
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=FindingJob)
    resource.setrlimit(resource.RLIMIT_DATA, (job.max_memory, job.max_memory))
    try:
        result = find_frames(job)
    except ConfigurationError as error:
        faults = error.faults
        result = FramesFound(
            fault="; ".join(f"{each.key}: {each.message}" if each.key else each.message for each in faults)
        )
    except (TidegateError, TimeoutError, ValueError) as error:
        result = FramesFound(fault=str(error))
    answer.write(msgspec.json.encode(result))
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
