"""Tries a decoder over some bytes in a process of its own: `python -m core.worker.trial`, a job on stdin, the result
on stdout. Nothing is stored, and whatever the script does hurts nobody else."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from core.catalogue.behaviour import Decoder, Received
from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.registry import Catalogue
from core.control.messages import Trial
from core.errors import ConfigurationError, TidegateError
from core.model.events import Event
from core.scripting.log import DecodeLog
from core.worker.context import Context
from core.worker.runner import Runner

DECODER = Slot("decoder", "decoder", "Binary Event Decoder")


class Job(msgspec.Struct, kw_only=True):
    """What to try: a decoder's TOML table, as a source of a tenant would run it."""

    tenant: str
    source: str
    packages: list[str]
    table: dict[str, Any]
    script_folders: list[str]
    payload: bytes
    metadata: dict[str, Any]
    max_memory: int


def try_decoder(job: Job) -> Trial:
    """Loads the decoder and runs it once, under its own limits."""
    log = DecodeLog()
    sys.stdout = log
    decoder_of, faults = read_component(Catalogue(tuple(job.packages)), DECODER, job.table, "decoder")
    if decoder_of is None:
        raise ConfigurationError(faults)
    folders = [Path(folder) for folder in job.script_folders]
    decoder: Decoder = decoder_of.component.make(decoder_of.settings, Context(job.tenant, job.source, folders, log))
    runner = Runner(decoder, None, log)
    runner.load()
    at = time.time_ns() // 1_000_000
    received = Received(
        bytes(16),
        at,
        time.perf_counter(),
        ("127.0.0.1", 0),
        "127.0.0.1:0",
        job.payload,
        None,
        {},
        lambda: dict(job.metadata),
    )
    received.extra = {name: job.metadata[name] for name in ("remote.host", "remote.port") if name in job.metadata}
    decoded = runner.run(received)
    events = msgspec.json.decode(decoded.events, type=list[Event]) if decoded.events else []
    text = (decoded.log or b"").decode("utf-8", "replace")
    if decoded.log_cut:
        text += f"\n… {decoded.log_cut} more bytes"
    return Trial(
        outcome="decoded" if decoded.reason is None else "failed",
        reason=decoded.reason,
        events=events,
        log=text,
        milliseconds=decoded.micros / 1000,
        script=decoder.version,
    )


def main() -> int:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what C code prints is no part of the answer
    sys.dont_write_bytecode = True
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    resource.setrlimit(resource.RLIMIT_DATA, (job.max_memory, job.max_memory))
    try:
        trial = try_decoder(job)
    except (TidegateError, TimeoutError) as error:
        trial = Trial(outcome="failed", reason=str(error))
    answer.write(msgspec.json.encode(trial))
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
