"""What the functions of Python scripts look like: one contract for each place where a component takes a script."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Contract:
    """A function that a script must have."""

    function: str
    arguments: tuple[str, ...]
    """What it is always given, in this order."""
    extras: tuple[str, ...] = ()
    """What it is given besides where it names it."""
    asynchronous: bool = False
    """It is written with `async def`; every other with `def` alone."""

    def __str__(self) -> str:
        return f"{'async ' if self.asynchronous else ''}{self.function}({', '.join(self.arguments)})"


DECODE: Final = Contract("decode", ("payload", "metadata", "events", "logger"), ("state", "respond"))
FRAME: Final = Contract("frame", ("buffer", "state"))
ANSWER: Final = Contract("answer", ("request", "events", "failure", "state"))
HANDLE: Final = Contract("handle", ("connection",), asynchronous=True)
