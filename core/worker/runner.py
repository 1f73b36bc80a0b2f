"""One decode, under its limits.

The request is noted in the slot, then an interval timer is set that raises `Overtime` in the script: a BaseException,
so that the script's own `except Exception` doesn't eat it, and again and again, so that a bare `except:` doesn't
either. What even that cannot end (a loop inside one C call) the engine ends, by killing the worker.
"""

import hashlib
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import msgspec

from core.catalogue.behaviour import Decoded, Decoder, Received
from core.scripting.log import DecodeLog
from core.scripting.state import encode_state
from core.worker.slot import Slot

AGAIN_AFTER = 0.05
"""Seconds between one Overtime and the next while a script swallows them."""
MOST_REASON = 2000
"""Characters of a script's own words that are kept; lone surrogates, which nothing can store, become question marks."""
LOAD_TIMEOUT = 5.0
"""Seconds that the loading of a script may take."""


class Overtime(BaseException):
    """Raised in a script that runs longer than it may."""


class _Alarm:
    """The process's one interval timer, which whatever runs under a limit shares: one decode runs at a time."""

    def __init__(self) -> None:
        self.armed = False
        self.expired = False

    def ring(self, number: int, frame: FrameType | None) -> None:
        if self.armed:
            self.expired = True
            raise Overtime


_ALARM = _Alarm()


class Runner:
    """Runs a decoder under its limits. Must live in the main thread, where Python runs signal handlers."""

    def __init__(self, decoder: Decoder, slot: Slot | None, log: DecodeLog) -> None:
        self._decoder = decoder
        self._slot = slot
        self._log = log
        self.poisoned: dict[str, tuple[float, str]] = {}
        """Hashes of payloads that killed a worker: until when (time.time()), and why."""
        signal.signal(signal.SIGALRM, _ALARM.ring)

    @property
    def version(self) -> str | None:
        """The decoder's."""
        return self._decoder.version

    @contextmanager
    def _limited(self, timeout: float) -> Generator[None]:
        _ALARM.expired = False
        _ALARM.armed = True
        signal.setitimer(signal.ITIMER_REAL, timeout, AGAIN_AFTER)
        try:
            yield
        finally:
            _ALARM.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def hold_in(self, slot: Slot) -> None:
        """Notes every request in this slot while it is decoded."""
        self._slot = slot

    def load(self) -> None:
        """Loads the decoder's script within the limit; raises what stands in the way and keeps what was loaded."""
        try:
            with self._limited(LOAD_TIMEOUT):
                self._decoder.load()
        except Overtime:
            raise TimeoutError(f"the script took longer than {LOAD_TIMEOUT:g} s to load") from None
        finally:
            self.poisoned.clear()
            self._log.take()

    def run(self, received: Received) -> Decoded:
        """Decodes one request. Whatever the script does, this returns (or the engine kills the worker)."""
        encoded: bytes | None = None
        state, reason = encode_state(received) if received.state else (None, None)
        if self.poisoned and reason is None:
            reason = self._poison(received.kept)
        if reason is None:
            reason, encoded = self._decode(received)
        log, cut = self._log.take()
        micros = int((time.perf_counter() - received.began) * 1e6)
        return Decoded(reason, encoded, state, log, cut, micros)

    def _decode(self, received: Received) -> tuple[str | None, bytes | None]:
        """Why it failed, or the events as JSON."""
        timeout = self._decoder.timeout
        if self._slot is not None:
            head = received.head.raw if received.head is not None else b""
            self._slot.hold(received.id, received.at, timeout, received.kept, head, received.where)
        _ALARM.expired = False
        try:
            try:
                _ALARM.armed = True
                signal.setitimer(signal.ITIMER_REAL, timeout, AGAIN_AFTER)
                outcome = self._decode_unlimited(received)
            finally:
                _ALARM.armed = False
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Overtime:
            return self._over(), None
        finally:
            if self._slot is not None:
                self._slot.release()
        return (self._over(), None) if _ALARM.expired else outcome

    def _decode_unlimited(self, received: Received) -> tuple[str | None, bytes | None]:
        try:
            events = self._decoder.decode(received)
            return None, msgspec.json.encode(events) if events else None
        except Overtime:
            raise
        except BaseException as error:  # noqa: BLE001  # a script may raise anything, SystemExit too
            return self._reason(error), None

    def _reason(self, error: BaseException) -> str:
        """What an error says is the script's code too, and may fail in turn."""
        try:
            return self._decoder.reason(error)[:MOST_REASON].encode("utf-8", "replace").decode()
        except Overtime:
            raise
        except BaseException:  # noqa: BLE001
            return type(error).__name__

    def _over(self) -> str:
        return f"ran longer than its time limit of {self._decoder.timeout:g} s"

    def _poison(self, payload: bytes) -> str | None:
        known = self.poisoned.get(payload_hash(payload))
        if known is None or known[0] < time.time():
            return None
        return f"not decoded again: these bytes ended a worker ({known[1]})"


def payload_hash(payload: bytes) -> str:
    """What a payload is remembered by."""
    return hashlib.sha256(payload).hexdigest()
