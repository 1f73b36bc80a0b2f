"""What a component may use of the worker that it runs in."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from core.catalogue.contracts import Contract

T = TypeVar("T")


class DecodeLogger(Protocol):
    """What a script knows as `logger`; its lines go to the request's decode log."""

    def info(self, message: object, *args: object) -> None: ...


class Registrations(Protocol):
    """What the tenant's devices have registered as."""

    def specification(self, device: str, done: Callable[[str | None, str], None]) -> None:
        """Finds the specification token that a device registered with last; `done` hears it, or None and why it could
        not be looked for, empty where there is none."""
        ...

    def note(self, request: bytes, events: bytes) -> None:
        """Takes in the registrations among a request's events, which are JSON as the journal's."""
        ...

    def close(self) -> None:
        """Lets go; who waits hears None."""
        ...


class Script(Protocol):
    """A function of a Python script of the operator's, run under its time limit."""

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        ...

    def call(self, payload: bytes, where: str, *arguments: object) -> object:
        """What the function gives for `arguments`; DecodeFailed, with the place in the script, where it raises or takes
        too long. `payload`, which came from `where`, is what is kept should the call end the worker."""
        ...

    def steps(self, coroutine: "Coroutine[object, None, T]", seen: Callable[[], bytes], where: str) -> "Awaitable[T]":
        """What an async function of the script's made, each of its steps from one `await` to the next under the time
        limit. Raises as `call` does; `seen` gives the bytes that are kept should a step end the worker."""
        ...


class DecoderContext(Protocol):
    """What a component may use of the worker that it runs in."""

    tenant: str
    source: str
    script_folders: Sequence[Path]
    """Looked in in this order."""

    @property
    def logger(self) -> DecodeLogger: ...

    groovy: str | None
    """Where the Groovy sidecar listens, for a component that needs it."""
    registrations: Registrations | None
    """None where there is no journal."""

    def take_log(self) -> tuple[bytes | None, int]:
        """What scripts wrote since it was taken last, and how many bytes of it were cut."""
        ...

    def script(self, name: str, contract: Contract, timeout: float) -> Script:
        """A function of a script, loaded before the first connection and loaded again when the script changes."""
        ...
