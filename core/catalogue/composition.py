"""Decoders that are made of other components, and the contracts of what fills their slots.

Such a decoder, and whatever else in it has slots, is made by `make(settings, context, parts)`: `parts` holds what was
made of the components in its slots by the slots' keys, a list in order where a slot takes many. A decoder among them is
always a `RemoteDecoder`; one that decodes in the worker's own process is run by the worker, under its limits.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from core.catalogue.decoding import RemoteDecoder
from core.catalogue.received import Received

Parts = Mapping[str, object]


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """What an extractor found in a payload, or the reason why it failed."""

    reason: str | None = None
    hardware_id: str = ""
    specification: str | None = None
    """The token of the device's specification, where the payload tells it."""
    payload: bytes = b""
    """The inner payload, which a choice's decoder is given."""
    log: bytes | None = None
    log_cut: int = 0


@runtime_checkable
class Extractor(Protocol):
    """Role `metadata_extractor`: says whose a payload is, and what of it is to be decoded."""

    @property
    def version(self) -> str | None:
        """A short hash of its script; None where there is none."""
        ...

    async def open(self) -> None:
        """Makes it ready, and ready again after a change; TidegateError leaves what was loaded before in place."""
        ...

    def extract(self, received: Received, done: Callable[[Extraction | None], None]) -> None:
        """Looks at one request; `done` hears None where it could not be asked now."""
        ...

    async def close(self) -> None:
        """Lets go; what waits hears None."""
        ...


@runtime_checkable
class Choice(Protocol):
    """Role `composite_choice`: which payloads its decoder takes."""

    @property
    def decoder(self) -> RemoteDecoder: ...

    def takes(self, specification: str) -> bool:
        """Whether its decoder is the one for devices of that specification."""
        ...
