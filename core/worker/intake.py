"""Where a handler's requests come in: decoded, put into a row, committed, and only then answered."""

import os
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from uuid_utils import uuid7

from core.catalogue.decoding import RemoteDecoder
from core.catalogue.handling import Answer
from core.catalogue.received import Decoded, JournalHead, Received, remote_text
from core.catalogue.worker_context import DecoderContext
from core.journal.around import around
from core.journal.rows import DECODED, FAILED, REFUSED
from core.journal.segment import Row
from core.model.refusals import network, reason_kind
from core.worker.commit import Committer
from core.worker.rate_limit import RateLimit
from core.worker.runner import Runner
from core.worker.slot import Held
from core.worker.uncounted import Uncounted

MOST_WAITING = 1024
"""Requests of a worker that may wait for their commit; a further one is answered 503."""
MOST_WAITING_BYTES = 32 << 20
SHARES = ((768, 1), (512, 4), (256, 16), (0, 64))
"""From how many waiting requests of a worker on a connection may have how many of them."""
REFUSED_A_SECOND = 20
"""Refused requests that a source records a second; beyond that they are only counted."""
KEPT_OF_REFUSED = 4096
"""Bytes that are kept of each of them."""
ROW_OVERHEAD = 100
"""Bytes a row takes beside its payload and events, about."""


class WorkerIntake:
    """The intake of one worker; see `core.catalogue.handling.Intake`."""

    def __init__(
        self,
        decoding: Runner | RemoteDecoder,
        committer: Committer,
        folder: Path,
        context: DecoderContext,
        *,
        free_disk: int,
        refused_a_second: float,
        rate_limit: RateLimit | None = None,
    ) -> None:
        self._runner = decoding if isinstance(decoding, Runner) else None
        self._remote = None if isinstance(decoding, Runner) else decoding
        self._committer = committer
        self._folder = folder
        self.context = context
        self._free_disk = free_disk
        self._disk_full = False
        self._rate_limit = rate_limit
        self._recorded: deque[float] = deque(maxlen=max(1, int(refused_a_second)))
        """When the last refused requests were recorded, so many as may be within `_spell` seconds."""
        self._spell = max(1.0, 1 / refused_a_second)
        self.script: str | None = None
        committer.undecoded = lambda: 0 if self._remote is None else self._remote.waiting
        self.uncounted = Uncounted()
        """Refused requests that were not recorded."""

    def full(self) -> str | None:
        limit, committer = self._rate_limit, self._committer
        if limit is None and self._remote is None and not self._disk_full and committer.waiting < MOST_WAITING:
            return None if committer.waiting_bytes < MOST_WAITING_BYTES else self.stalled()
        return self.stalled() or (limit.reason if limit is not None and limit.wait() else None)

    def when_room(self, go_on: Callable[[], None]) -> bool:
        return self._rate_limit is not None and self._rate_limit.when_room(go_on)

    def take_held_back(self) -> int:
        """How often something was not read for the sake of the rate limit, since the last time."""
        if (limit := self._rate_limit) is None:
            return 0
        taken, limit.held_back = limit.held_back, 0
        return taken

    def stalled(self) -> str | None:
        """Why the worker itself can take no further request now; None where it can."""
        committer = self._committer
        if committer.waiting >= MOST_WAITING or committer.waiting_bytes >= MOST_WAITING_BYTES:
            return "too many requests wait for the disk"
        remote = self._remote
        if remote is not None and (remote.waiting >= MOST_WAITING or remote.waiting_bytes >= MOST_WAITING_BYTES):
            return "too many requests wait for their decode"
        return "the disk is nearly full" if self._disk_full else None

    @property
    def waiting(self) -> int:
        """Requests that wait for their decode or their commit."""
        return self._committer.waiting + (self._remote.waiting if self._remote is not None else 0)

    def share(self) -> int:
        waiting = self.waiting
        return next(share for beyond, share in SHARES if waiting >= beyond)

    def new_id(self) -> bytes:
        return uuid7().bytes

    def take(self, received: Received, answer: Answer) -> None:
        if self._rate_limit is not None:
            self._rate_limit.take()
        runner = self._runner
        if runner is not None:
            decoded = runner.run(received)
            self._store(received, answer, runner.began, decoded)
        elif self._remote is not None:
            self._remote.submit(received, partial(self._decoded, received, answer, time.monotonic()))

    def _decoded(self, received: Received, answer: Answer, decoding: float, decoded: Decoded | None) -> None:
        if decoded is None:
            answer.unavailable()
        else:
            self._store(received, answer, decoding, decoded)

    def _store(self, received: Received, answer: Answer, decoding: float, decoded: Decoded) -> None:
        """Puts the row into the next commit, which lets the answer go."""
        if received.answering is not None:
            decoded = received.answering(received, decoded)
        reason, events, state, log, micros = decoded.reason, decoded.events, decoded.state, decoded.log, decoded.micros
        status = answer.prepare(reason, received)
        payload, wire, said = received.payload, received.wire, answer.kept
        size = len(payload)
        weight = size + ROW_OVERHEAD
        if events is not None:
            weight += len(events)
            if received.connection is not None:
                received.connection.decoded(events)
        beside = None if wire is None else around(wire, payload)
        if beside is not None:
            wire = None
        if said is not None or beside is not None:
            weight += len(said or b"") + len(beside or b"")
        id, at, where, script = received.id, received.at, received.where, self.script
        plain = reason is None and state is log is wire is None and not received.extra
        if plain and said is beside is None and status is not None:
            row: Row = (id, at, where, payload, events, status, script, micros, size)
        elif plain and status is None and received.head is None:
            row = (id, at, where, payload, events, script, micros, size, said, beside, DECODED)
        else:
            extra = msgspec.json.encode(received.extra) if received.extra else None
            row = (
                id, at, where, payload, extra, state, DECODED if reason is None else FAILED, events, reason, log,
                decoded.log_cut, status, script, micros, size, wire, said, beside,
            )  # fmt: skip
            weight += len(log or b"") + len(wire or b"")
        self._committer.add((received.head, row, answer, weight, (received.began, decoding, micros)))

    def refuse(
        self,
        reason: str,
        status: int | None,
        remote: tuple[str, int],
        head: JournalHead | None,
        seen: bytes,
        size: int,
    ) -> None:
        if not self._may_record():
            self.uncounted.add(reason_kind(reason), network(remote[0]))
            return
        at = time.time_ns() // 1_000_000
        seen = seen[:KEPT_OF_REFUSED]
        row: Row = (
            *(self.new_id(), at, remote_text(remote), seen, None, None, REFUSED),
            *(None, reason, None, 0, status, None, 0, size, None, None, None),
        )
        self._committer.add((head, row, None, len(seen) + ROW_OVERHEAD, None))

    def _may_record(self) -> bool:
        now, recorded = time.monotonic(), self._recorded
        if len(recorded) == recorded.maxlen and now - recorded[0] < self._spell:
            return False
        recorded.append(now)
        return True

    def bury(self, held: Held, reason: str) -> None:
        """Records the request that a worker was decoding when it ended."""
        head = _head_of(held.head)
        row: Row = (
            *(held.id, held.received, held.remote, held.payload, None, None, FAILED),
            *(None, reason, None, 0, None, self.script, 0, len(held.payload), None, None, None),
        )
        self._committer.add((head, row, None, len(held.payload) + ROW_OVERHEAD, None))

    def look_at_disk(self) -> None:
        """Notes whether the disk has room; called now and then, not for every request."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return
        self._disk_full = disk.f_bavail * disk.f_frsize < self._free_disk


def _head_of(raw: bytes) -> JournalHead | None:
    """A journal head of redacted bytes, as far as it can be told without the handler that judged it."""
    if not raw:
        return None
    words = raw.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    method, target = (words[0], words[1]) if len(words) == 3 else ("", "")
    return JournalHead(method, target, raw, msgspec.json.encode({"http.method": method, "http.target": target}))
