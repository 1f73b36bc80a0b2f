"""Tries a decoder over some bytes in a process of its own: `python -m core.worker.trial`, a job on stdin, the result
on stdout. Nothing is stored, and whatever the script does hurts nobody else."""

import asyncio
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.decoding import RemoteDecoder
from core.catalogue.received import Decoded, Received, remote_text
from core.catalogue.registry import Catalogue
from core.control.scripts import Trial
from core.errors import ConfigurationError, TidegateError
from core.model.events import Event
from core.scripting.log import DecodeLog
from core.worker.context import Context
from core.worker.making import Making
from core.worker.registered import Registered
from core.worker.runner import Runner

DECODER = Slot("decoder", "decoder", "Binary Event Decoder")


class Job(msgspec.Struct, kw_only=True):
    """What to try: a decoder's TOML table, as a source of a tenant would run it."""

    tenant: str
    source: str
    packages: list[str]
    table: dict[str, Any]
    script_folders: list[str]
    journal: str
    """The tenant's segments, by source."""
    index: str
    payload: bytes
    metadata: dict[str, Any]
    max_memory: int
    groovy: str | None = None
    """Where the Groovy sidecar listens, if the decoder needs it."""


def try_decoder(job: Job) -> Trial:
    """Loads the decoder and runs it once, under its own limits."""
    log = DecodeLog()
    sys.stdout = log
    decoder_of, faults = read_component(Catalogue(tuple(job.packages)), DECODER, job.table, "decoder")
    if decoder_of is None:
        raise ConfigurationError(faults)
    folders = [Path(folder) for folder in job.script_folders]
    registrations = Registered(Path(job.index), Path(job.journal), job.tenant)
    context = Context(job.tenant, job.source, folders, log, job.groovy, registrations)
    decoder = Making(context, log).decoder(decoder_of)
    if isinstance(decoder, Runner):
        decoder.load()
        decoded = decoder.run(_received(job))
    else:
        decoded = asyncio.run(_decode_remotely(decoder, job))
    if decoded is None:
        raise TidegateError("Groovy did not decode it in time")
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


def _received(job: Job) -> Received:
    at = time.time_ns() // 1_000_000
    remote = ("127.0.0.1", 0)
    received = Received(bytes(16), at, time.monotonic(), remote, remote_text(remote), job.payload, None, {})
    received.extra = dict(job.metadata)
    return received


async def _decode_remotely(decoder: RemoteDecoder, job: Job) -> Decoded | None:
    await decoder.open()
    result: asyncio.Future[Decoded | None] = asyncio.get_running_loop().create_future()
    decoder.submit(_received(job), result.set_result)
    try:
        return await result
    finally:
        await decoder.close()


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
