"""Finding with a Groovy script whose a payload is, and what of it is to be decoded."""

from collections.abc import Callable

import msgspec

from core.catalogue.composition import Extraction
from core.catalogue.received import Received
from core.catalogue.worker_context import DecoderContext
from core.groovy.client import GroovyLink
from core.groovy.decoding import metadata_json
from core.groovy.frames import Extras, Failure, split_result
from core.groovy.linking import link_of
from core.scripting.log import MOST_KEPT

Done = Callable[[Extraction | None], None]


class _Found(msgspec.Struct, rename="camel"):
    """What the sidecar makes of what the script returned."""

    hardware_id: str
    payload: bytes
    specification: str | None = None


_FOUND = msgspec.json.Decoder(_Found)


class GroovyExtracting:
    """An `Extractor`."""

    def __init__(self, context: DecoderContext, script: str, timeout: float) -> None:
        self.version: str | None = None
        self._context = context
        self._script = script
        self._timeout = timeout
        self._link: GroovyLink | None = None

    async def open(self) -> None:
        if self._link is None:
            self._link = link_of(self._context)
        self.version = (await self._link.load(self._script, "extractor")).version

    def extract(self, received: Received, done: Done) -> None:
        assert self._link is not None

        def answered(body: bytes | None, failure: Failure | None) -> None:
            if failure is not None:
                log = failure.log.encode()[:MOST_KEPT] or None
                done(Extraction(reason=failure.said(self._script), log=log, log_cut=failure.log_cut))
            else:
                done(None if body is None else _extraction(body))

        metadata = metadata_json(received, self._context.source)
        self._link.run(self._script, self._timeout, metadata, b"", received.payload, answered)

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()


def _extraction(body: bytes) -> Extraction:
    encoded, rest = split_result(body)
    found = _FOUND.decode(encoded)
    extras = msgspec.json.decode(rest, type=Extras) if rest else Extras()
    return Extraction(
        hardware_id=found.hardware_id,
        specification=found.specification or None,
        payload=found.payload,
        log=extras.log.encode() or None,
        log_cut=extras.log_cut,
    )
