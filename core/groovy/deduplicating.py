"""Deduplicating with a Groovy script: it is asked of each event whether that is a duplicate."""

from collections.abc import Callable, Sequence

import msgspec

from core.catalogue.decoding import Verdict
from core.catalogue.worker_context import DecoderContext
from core.groovy.client import GroovyLink
from core.groovy.frames import Extras, Failure, split_result
from core.groovy.linking import link_of

Done = Callable[[Verdict | None], None]


class GroovyDeduplicating:
    """A `RemoteDeduplicator`."""

    def __init__(self, context: DecoderContext, script: str, timeout: float) -> None:
        self._context = context
        self._script = script
        self._timeout = timeout
        self._link: GroovyLink | None = None

    async def open(self) -> None:
        if self._link is None:
            self._link = link_of(self._context)
        await self._link.load(self._script, "deduplicator")

    def judge(self, events: Sequence[bytes], done: Done) -> None:
        _Judgement(len(events), self._script, done).ask(self._ask, events)

    def _ask(self, event: bytes, answered: Callable[[bytes | None, Failure | None], None]) -> None:
        assert self._link is not None
        self._link.run(self._script, self._timeout, b"{}", b"", event, answered)

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()


class _Judgement:
    """Gathers what the script says of each event of one request; `done` hears it once."""

    def __init__(self, count: int, script: str, done: Done) -> None:
        self._missing = count
        self._script = script
        self._done = done
        self._duplicates: set[int] = set()
        self._log: dict[int, str] = {}
        self._ended = False

    def ask(
        self,
        ask: Callable[[bytes, Callable[[bytes | None, Failure | None], None]], None],
        events: Sequence[bytes],
    ) -> None:
        for place, event in enumerate(events):
            ask(event, lambda body, failure, place=place: self._answered(place, body, failure))

    def _answered(self, place: int, body: bytes | None, failure: Failure | None) -> None:
        if self._ended:
            return
        if failure is not None:
            self._end(Verdict(reason=failure.said(self._script), log=failure.log))
        elif body is None:
            self._end(None)
        else:
            self._take(place, body)

    def _take(self, place: int, body: bytes) -> None:
        duplicate, rest = split_result(body)
        if duplicate == b"true":
            self._duplicates.add(place)
        if rest:
            self._log[place] = msgspec.json.decode(rest, type=Extras).log
        self._missing -= 1
        if not self._missing:
            log = "".join(self._log[place] for place in sorted(self._log))
            self._end(Verdict(duplicates=frozenset(self._duplicates), log=log))

    def _end(self, verdict: Verdict | None) -> None:
        self._ended = True
        self._done(verdict)
