"""One decode, under its limits (see `core.worker.limits`)."""

import time

import msgspec

from core.catalogue.behaviour import Decoded, Decoder, Received
from core.scripting.log import DecodeLog
from core.scripting.state import encode_state
from core.worker.limits import ALARM, Limited, Overtime, kept_reason
from core.worker.slot import Slot


class Runner(Limited):
    """Runs a decoder under its limits."""

    def __init__(self, decoder: Decoder, slot: Slot | None, log: DecodeLog) -> None:
        super().__init__(slot, log)
        self._decoder = decoder

    @property
    def version(self) -> str | None:
        """The decoder's."""
        return self._decoder.version

    def load(self) -> None:
        """Loads the decoder's script within the limit; raises what stands in the way and keeps what was loaded."""
        with self.loading():
            self._decoder.load()

    def run(self, received: Received) -> Decoded:
        """Decodes one request. Whatever the script does, this returns (or the engine kills the worker)."""
        encoded: bytes | None = None
        state, reason = encode_state(received) if received.state else (None, None)
        if self.poisoned and reason is None:
            reason = self.poison(received.kept)
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
        try:
            try:
                ALARM.arm(timeout)
                outcome = self._decode_unlimited(received)
            finally:
                ALARM.armed = False
        except Overtime:
            return self._over(), None
        finally:
            if self._slot is not None:
                self._slot.release()
        return (self._over(), None) if ALARM.expired else outcome

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
            return kept_reason(self._decoder.reason(error))
        except Overtime:
            raise
        except BaseException:  # noqa: BLE001
            return type(error).__name__

    def _over(self) -> str:
        return f"ran longer than its time limit of {self._decoder.timeout:g} s"
