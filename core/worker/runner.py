"""One decode, under its limits (see `core.worker.limits`)."""

import time

import msgspec

from core.catalogue.decoding import Decoder
from core.catalogue.received import Decoded, Received
from core.scripting.log import DecodeLog
from core.scripting.state import encode_state
from core.worker.limits import ALARM, Limited, Overtime, kept_reason
from core.worker.slot import Slot


class Runner(Limited):
    """Runs a decoder under its limits."""

    def __init__(self, decoder: Decoder, slot: Slot | None, log: DecodeLog) -> None:
        super().__init__(slot, log)
        self._decoder = decoder
        self.began = 0.0
        """When the last decode began (time.monotonic())."""

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
        self.began = began = time.monotonic()
        encoded: bytes | None = None
        state, reason = encode_state(received) if received.state else (None, None)
        if self.poisoned and reason is None:
            reason = self.poison(received.kept)
        if reason is None:
            reason, encoded = self._decode(received, began)
        log, cut = self._log.take()
        return Decoded(reason, encoded, state, log, cut, int((time.monotonic() - received.began) * 1e6))

    def _decode(self, received: Received, began: float) -> tuple[str | None, bytes | None]:
        """Why it failed, or the events as JSON."""
        decoder, slot = self._decoder, self._slot
        timeout = decoder.timeout
        if slot is not None:
            head = b"" if received.head is None else received.head.raw
            payload = received.payload if received.whole is None else received.whole
            slot.hold(received.id, received.at, began, timeout, payload, head, received.where)
        try:
            try:
                ALARM.arm(timeout, began)
                try:
                    events = decoder.decode(received)
                    outcome = None, msgspec.json.encode(events) if events else None
                except Overtime:
                    raise
                except BaseException as error:  # noqa: BLE001  # a script may raise anything, SystemExit too
                    outcome = self._reason(error), None
            finally:
                ALARM.armed = False
        except Overtime:
            return self._over(), None
        finally:
            if slot is not None:
                slot.release()
        return (self._over(), None) if ALARM.expired else outcome

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
