"""Functions of scripts beside the decoder's: run under the same limits, loaded and loaded again with it."""

import asyncio
import time
import types
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from uuid_utils import uuid7

from core.catalogue.contracts import Contract
from core.catalogue.decoding import DecodeFailed
from core.scripting.log import DecodeLog
from core.scripting.python_script import PythonScript
from core.worker.limits import ALARM, Limited, Overtime, kept_reason

T = TypeVar("T")

ENDINGS = (asyncio.CancelledError, ConnectionError, EOFError)
"""What ends an async function as its connection ends."""


class LimitedScript(Limited):
    """See `core.catalogue.worker_context.Script`."""

    def __init__(self, name: str, contract: Contract, timeout: float, folders: Sequence[Path], log: DecodeLog) -> None:
        super().__init__(None, log)
        self._script = PythonScript(name, folders, contract)
        self.timeout = timeout

    def load(self) -> None:
        """Loads the script within the limit; raises what stands in the way and keeps what was loaded."""
        with self.loading():
            self._script.load()

    def call(self, payload: bytes, where: str, *arguments: object) -> object:
        """What the function gives. DecodeFailed, with the place in the script, where it raises or takes too long."""
        if reason := self.poison(payload):
            raise DecodeFailed(reason)
        with self._limits(payload, where):
            return self._script.function(*arguments)

    @types.coroutine
    def steps(
        self, coroutine: Coroutine[object, None, T], seen: Callable[[], bytes], where: str
    ) -> Generator[object, None, T]:
        """See `core.catalogue.worker_context.Script`. One that goes on after it was cancelled is closed."""
        raised: BaseException | None = None
        while True:
            cancelled = isinstance(raised, asyncio.CancelledError)
            with self._limits(seen(), where, ENDINGS):
                try:
                    waits_for = coroutine.send(None) if raised is None else coroutine.throw(raised)
                except StopIteration as end:
                    return end.value
            if cancelled:
                with self._limits(seen(), where, ENDINGS):
                    coroutine.close()
                raise asyncio.CancelledError
            try:
                yield waits_for
                raised = None
            except BaseException as error:  # noqa: BLE001  # it is the script's, to be caught or not
                raised = error

    @contextmanager
    def _limits(self, payload: bytes, where: str, passing: tuple[type[BaseException], ...] = ()) -> Generator[None]:
        """Runs the script under its time limit, noted in the slot. Whatever it raises is a DecodeFailed, but for what
        is `passing`."""
        if self._slot is not None:
            self._slot.hold(
                uuid7().bytes, time.time_ns() // 1_000_000, time.monotonic(), self.timeout, payload, b"", where
            )
        try:
            with self.within(self.timeout):
                yield
        except (DecodeFailed, *passing):
            raise
        except Overtime:
            raise DecodeFailed(self._over()) from None
        except BaseException as error:
            raise DecodeFailed(self._reason(error)) from error
        finally:
            if self._slot is not None:
                self._slot.release()
        if ALARM.expired:
            raise DecodeFailed(self._over())

    def _reason(self, error: BaseException) -> str:
        """What was raised, as an operator reads it. What an error says is the script's code too, and may fail."""
        try:
            with self.within(self.timeout):
                return kept_reason(self._script.reason(error))
        except BaseException:  # noqa: BLE001  # and Overtime, where it does not end
            return type(error).__name__

    def _over(self) -> str:
        """What is said of one that ran too long."""
        return f"{self._script.name} ran longer than its time limit of {self.timeout:g} s"
