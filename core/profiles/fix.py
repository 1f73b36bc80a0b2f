"""What a simulated tracker has to tell: where it was, how fast it went, and how its battery did."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of a device."""

    time: datetime
    """With its zone; protocols carry whole seconds."""
    latitude: float
    longitude: float
    """Degrees, south and west negative."""
    speed: float = 0.0
    """km/h."""
    course: float = 0.0
    """Degrees clockwise from north."""
    altitude: float = 0.0
    """Metres above the sea."""
    satellites: int = 9
    battery: int = 100
    """Percent."""


Exchanges = Callable[[str, Iterable[Fix]], Iterator[tuple[bytes, bytes]]]
"""Takes the device's identity, digits alone, and its fixes; gives what it sends, frame by frame, each with the answer
that it waits for, empty for none. A login comes first where the protocol has one, then a heartbeat where it has one,
then a frame for each fix."""
