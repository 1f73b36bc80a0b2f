"""What every event source has that listens on a port of the engine's machine."""

from typing import Annotated, ClassVar, Literal, NamedTuple

from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration, Size

Transport = Literal["tcp", "udp"]


class Address(NamedTuple):
    """Where a source listens. Those of two transports never stand in each other's way."""

    transport: Transport
    host: str
    port: int


class ListeningSettings(Settings):
    """Base of the settings of such a source, which adds its own."""

    transport: ClassVar[Transport]

    id: Annotated[
        str,
        setting(
            "Source id",
            "names this source everywhere; a renamed source is a new one",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
            pattern_help="is no id: letters, digits, - and _, at most 64, beginning with a letter or digit",
        ),
    ]
    port: Annotated[int, setting("Port", "where devices connect", least=1, most=65535)] = 8484
    bind_address: Annotated[
        str,
        setting(
            "Bind address",
            "127.0.0.1 is this machine only; 0.0.0.0 every IPv4 address, :: every address",
            pattern=r"[0-9A-Fa-f.:]+(%\w+)?|localhost",
            pattern_help="is no address: write one such as 127.0.0.1, 0.0.0.0 or ::",
        ),
    ] = "127.0.0.1"
    threads: Annotated[
        int,
        setting(
            "Number of threads",
            "how many workers take requests in parallel; each is a process of its own",
            least=1,
            most=64,
        ),
    ] = 1
    rate_limit: Annotated[
        int | None,
        setting(
            "Rate limit",
            "requests a second that are taken, by all workers together; above it HTTP answers 503 with Retry-After, "
            "other connections wait unread, and datagrams in the kernel; none given: no limit",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = None
    rate_burst: Annotated[
        int | None,
        setting(
            "Rate burst",
            "how many requests may come at once after a pause, under the rate limit; none given: a second's",
            least=1,
            most=10_000_000,
            folded=True,
        ),
    ] = None
    enabled: Annotated[bool, setting("Enabled", "started with its tenant", folded=True)] = True
    drain: Annotated[
        Duration,
        setting(
            "Drain",
            "how long a stopping source may take to answer what it holds",
            least="0 s",
            most="10 min",
            folded=True,
        ),
    ] = Duration("10 s")
    max_memory: Annotated[
        Size,
        setting(
            "Most memory",
            "of one worker; a worker past it is ended and replaced",
            least="64 MiB",
            most="1 TiB",
            folded=True,
        ),
    ] = Size("512 MiB")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.transport, self.bind_address, self.port)
