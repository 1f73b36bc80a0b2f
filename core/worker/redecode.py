"""Decodes kept requests again, as a worker would: with a source's decoder and its deduplicator."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from core.catalogue.component import Slot as Place
from core.catalogue.configured import Configured, read_component
from core.catalogue.decoding import Deduplicator, RemoteDecoder, RemoteDeduplicator
from core.catalogue.received import Decoded, JournalHead, Received
from core.catalogue.registry import Catalogue
from core.errors import ConfigurationError, TidegateError
from core.journal.request_id import id_text
from core.journal.stored import Stored
from core.scripting.log import DecodeLog
from core.worker.context import Context
from core.worker.deduplicated import Deduplicated
from core.worker.making import Making, as_remote
from core.worker.registered import Registered
from core.worker.replay_job import ReplayJob, ReplaySource
from core.worker.runner import Runner
from core.worker.slot import Slot

DECODE_SECONDS = 60.0
"""How long a decoder in another process may take for the requests that it is given together."""
TURN_SECONDS = 0.5
"""After so long what was decoded is kept, and the engine heard."""
TRIES = 5
"""How often a request is brought to a decoder that cannot be asked, as while its process is replaced."""
AGAIN_AFTER = 1.0
DECODER = Place("decoder", "decoder", "Binary Event Decoder")
DEDUPLICATOR = Place("deduplicator", "deduplicator", "Event Deduplicator")

_VALUES = msgspec.json.Decoder(dict[str, Any])


class Redecoder:
    """One event source's decoder in a replay's process. A dry run does without a deduplicator's script, which may
    remember what it was asked."""

    def __init__(self, job: ReplayJob, source: ReplaySource, log: DecodeLog, slot: Slot) -> None:
        self._job = job
        self._log = log
        self._catalogue = Catalogue(tuple(job.packages))
        journal = Path(job.journal) / job.tenant
        self._registrations = Registered(Path(job.index), journal, job.tenant)
        folders = [Path(each) for each in job.script_folders]
        self._context = Context(job.tenant, source.id, folders, log, job.groovy, self._registrations)
        making = Making(self._context, log)
        self._decoding = making.decoder(self._read(DECODER, source.decoder, f"event_sources/{source.id}/decoder"))
        self.mark: str | None = None
        """What the decode segment says of a deduplicator that acts in the index."""
        if source.deduplicator is not None:
            self._deduplicate(source.deduplicator, f"event_sources/{source.id}/deduplicator")
        for runner in making.runners:
            runner.hold_in(slot)

    @property
    def version(self) -> str | None:
        """The decoder's script's."""
        return self._decoding.version

    async def open(self) -> None:
        """Loads scripts; TidegateError, ScriptError or TimeoutError says why they cannot be."""
        if isinstance(self._decoding, Runner):
            self._decoding.load()
        else:
            await self._decoding.open()

    async def close(self) -> None:
        if not isinstance(self._decoding, Runner):
            await self._decoding.close()
        self._registrations.close()

    async def decode(self, requests: Sequence[Stored]) -> list[Decoded]:
        """What comes of each, in their order; of the first ones alone where that takes long. TidegateError where the
        decoder cannot be asked."""
        if isinstance(self._decoding, Runner):
            decoded: list[Decoded] = []
            until = monotonic() + TURN_SECONDS
            for stored in requests:
                decoded.append(self._run(self._decoding, stored))
                if monotonic() > until:
                    break
            return decoded
        return await asyncio.gather(*(self._ask(self._decoding, stored) for stored in requests))

    def _run(self, runner: Runner, stored: Stored) -> Decoded:
        reason = self._job.casualties.get(stored.row.request.hex())
        return failed(reason) if reason is not None else runner.run(received(stored))

    async def _ask(self, remote: RemoteDecoder, stored: Stored) -> Decoded:
        if (reason := self._job.casualties.get(stored.row.request.hex())) is not None:
            return failed(reason)
        for _ in range(TRIES):
            result: asyncio.Future[Decoded | None] = asyncio.get_running_loop().create_future()
            remote.submit(received(stored), partial(_settle, result))
            try:
                async with asyncio.timeout(DECODE_SECONDS):
                    decoded = await result
            except TimeoutError:
                raise TidegateError(f"the decoder did not answer within {DECODE_SECONDS:g} s") from None
            if decoded is not None:
                return decoded
            await asyncio.sleep(AGAIN_AFTER)
        raise TidegateError(f"the decoder could not be asked for request {id_text(stored.row.request)}")

    def _deduplicate(self, table: Mapping[str, Any], path: str) -> None:
        configured = self._read(DEDUPLICATOR, table, path)
        made: Deduplicator | RemoteDeduplicator = configured.component.make(configured.settings, self._context)
        if not isinstance(made, RemoteDeduplicator):
            self.mark = made.mark
        elif not self._job.dry_run:
            self._decoding = Deduplicated(as_remote(self._decoding), made)

    def _read(self, place: Place, table: Mapping[str, Any], path: str) -> Configured:
        configured, faults = read_component(self._catalogue, place, table, path)
        if configured is None:
            raise ConfigurationError(faults)
        return configured


def received(stored: Stored) -> Received:
    """A kept request as its decoder got it: with its payload, metadata and its connection's state before it."""
    row = stored.row
    host, _, port = row.remote.rpartition(":")
    remote = (host.strip("[]"), int(port) if port.isdecimal() else 0)
    head, told = None, stored.head_metadata or b"{}"
    if stored.head is not None:
        head = JournalHead(row.method or "", row.target or "", stored.head, told)
    again = Received(
        *(row.request, row.received, monotonic(), remote, row.remote, stored.payload, head),
        _VALUES.decode(stored.state) if stored.state else {},
    )
    again.describe = partial(_VALUES.decode, told)
    again.extra = _VALUES.decode(stored.metadata) if stored.metadata else None
    again.wire = stored.wire
    return again


def failed(reason: str) -> Decoded:
    """What comes of a decode that is not tried."""
    return Decoded(reason, None, None, None, 0, 0)


def _settle(result: "asyncio.Future[Decoded | None]", decoded: Decoded | None) -> None:
    if not result.done():
        result.set_result(decoded)
