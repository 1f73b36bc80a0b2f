"""What devices have registered as, as one worker knows it: its own memory, and looks into the journal.

What holds. The first registration of a device that names a specification counts from the moment it is acknowledged,
through whichever source and worker of the tenant it came, and over restarts, for as long as it is kept; one that this
worker decoded counts at once. A later registration with another specification counts at once in the worker that
decoded it, and in others within `KNOWN_SECONDS` of being indexed. The engine is not asked: index and segments are read
beside it (`core.journal.registrations`), in a thread of this process, and nobody waits longer than `WAIT_SECONDS`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import msgspec

from core.errors import TidegateError
from core.journal.registrations import Registration, RegistrationReader, registrations_in

KNOWN_SECONDS = 2.0
"""How long what was found is taken to hold."""
MOST_KNOWN = 10_000
"""Devices remembered; the one that was asked for least recently is forgotten first."""
LONGEST_KNOWN = 500
"""Characters of a hardware id, or of a token, that is remembered: both are the device's own words."""
LOOK_SECONDS = 1.0
"""What a look into the journal may take, for all devices that wait for it."""
WAIT_SECONDS = 3.0

Done = Callable[[str | None, str], None]


class _Known(msgspec.Struct):
    registration: Registration
    until: float


class Registered:
    """See `core.catalogue.worker_context.Registrations`."""

    def __init__(self, index_file: Path, segments: Path, tenant: str) -> None:
        self._reader = RegistrationReader(index_file, segments, tenant)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._waiting: dict[str, list[Done]] = {}
        self._looking: dict[str, list[Done]] = {}
        """Who waits for the look that is under way."""
        self._look: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._closed = False

    def specification(self, device: str, done: Done) -> None:
        known = self._known.get(device)
        if known is not None and known.until > monotonic():
            self._known.move_to_end(device)
            done(known.registration.specification, "")
            return
        if self._closed:
            done(None, "")
            return
        self._waiting.setdefault(device, []).append(done)
        if self._look is None:
            self._look = asyncio.get_running_loop().create_task(self._look_up())

    def note(self, request: bytes, events: bytes) -> None:
        for device, registration in registrations_in(request, events):
            self._learn(device, registration)

    def close(self) -> None:
        self._closed = True
        if self._look is not None:
            self._look.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self._answer(self._looking, {}, "")
        self._answer(self._waiting, {}, "")

    async def _look_up(self) -> None:
        """Looks for all that wait, and then for those that came meanwhile."""
        try:
            while self._waiting:
                self._looking, self._waiting = self._waiting, {}
                found, problem = await self._found(list(self._looking))
                for device, registration in found.items():
                    self._learn(device, registration)
                self._answer(self._looking, found, problem)
        finally:
            self._look = None

    async def _found(self, devices: Sequence[str]) -> tuple[dict[str, Registration], str]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "registrations")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                looked = loop.run_in_executor(self._thread, self._reader.last, devices, LOOK_SECONDS)
                return await looked, ""
        except TimeoutError:
            return {}, f"the journal could not be looked into within {WAIT_SECONDS:g} s"
        except TidegateError as error:
            return {}, str(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, who waits must hear of it
            return {}, f"the journal could not be looked into: {type(error).__name__}: {error}"

    def _answer(self, waiting: dict[str, list[Done]], found: dict[str, Registration], problem: str) -> None:
        asked = dict(waiting)
        waiting.clear()
        for device, dones in asked.items():
            registration = self._newest(device, found.get(device))
            for done in dones:
                done(registration.specification if registration else None, "" if registration else problem)

    def _newest(self, device: str, found: Registration | None) -> Registration | None:
        """Of what was found and what is remembered."""
        known = self._known.get(device)
        if known is None:
            return found
        return found if found is not None and found.place > known.registration.place else known.registration

    def _learn(self, device: str, found: Registration) -> None:
        registration = self._newest(device, found) or found
        if max(len(device), len(registration.specification)) > LONGEST_KNOWN:
            return
        self._known[device] = _Known(registration, monotonic() + KNOWN_SECONDS)
        self._known.move_to_end(device)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
