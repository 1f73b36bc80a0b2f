"""What an engine and its worker say to each other over their socketpair: one JSON message a line.

The socketpair is the lifeline too: a worker that reads its end knows that the engine has gone.
"""

import asyncio
from typing import Any

import msgspec

from core.errors import Fault
from core.model.connections import Connection, ConnectionDetail
from core.model.costs import StepCounts
from core.model.refusals import RefusedCount
from core.wire.certificates import CertificateFacts
from core.wire.udp_facts import DatagramFacts

LINE_LIMIT = 8 << 20


class Configure(msgspec.Struct, tag=True, kw_only=True):
    """The first message: all that a worker needs. Its listening sockets are file descriptors that it inherited."""

    tenant: str
    source: str
    packages: list[str]
    """The component packages of the catalogue."""
    table: dict[str, Any]
    """The event source's TOML table."""
    tenant_folder: str
    """Where the paths of secrets and certificates begin."""
    script_folders: list[str]
    journal: str
    index: str
    slot: str
    listeners: list[int]
    share: int
    """How many workers the source has."""
    number: int
    """The worker's own, unique while the engine lives: its connections' ids begin with it."""
    segment_size: int
    free_disk: int
    groovy: str | None = None
    """Where the Groovy sidecar listens, if a component of the source needs it."""
    casualties: list["Casualty"] = []
    poisoned: list["Poison"] = []


class Casualty(msgspec.Struct, kw_only=True):
    """The slot of a worker that ended while it decoded, and what ended it."""

    slot: str
    reason: str


class Poison(msgspec.Struct, tag=True, kw_only=True):
    """A payload that killed a worker, by its hash; not decoded again until then (time.time())."""

    hash: str
    until: float
    reason: str


class Bury(msgspec.Struct, tag=True):
    """Record these requests, of a worker that drained beside this one and had to be ended."""

    casualties: list[Casualty]


class Accept(msgspec.Struct, tag=True):
    """Take connections, or datagrams, from now on."""


class Drain(msgspec.Struct, tag=True):
    """Take no more connections; answer what is held within this many seconds, and end."""

    seconds: float
    last: bool = True
    """Nobody reads its sockets behind it: datagrams that the kernel holds are taken still."""


class Leave(msgspec.Struct, tag=True):
    """The segment of this name was found damaged: write another from now on, if it is the one that you write."""

    segment: str


class Reload(msgspec.Struct, tag=True):
    """Something in the scripts folders has changed."""


class Renew(msgspec.Struct, tag=True):
    """Begin a new segment if the first row of the present one is from before then, in seconds since the epoch: so that
    a quiet source's rows do not stay in one that is never finished, and so never deleted."""

    before: float


ConnectionPlace = tuple[int, int, int, int]
"""Where a connection stands in a list that begins with the greatest: 1 while it is open, when something happened on it
last (milliseconds since the epoch), its worker's number, its own."""


class ListConnections(msgspec.Struct, tag=True, kw_only=True):
    """The first `most` connections behind `after` in which `text` is found."""

    text: str
    after: ConnectionPlace | None
    most: int


class ShowConnection(msgspec.Struct, tag=True):
    """One connection whole."""

    number: int


class CloseConnection(msgspec.Struct, tag=True):
    """End this connection, for an operator."""

    number: int


class Ask(msgspec.Struct, tag=True):
    """A question, which the worker answers at once; `call` tells the answers apart."""

    call: int
    question: ListConnections | ShowConnection | CloseConnection


class ListedConnections(msgspec.Struct, tag=True, kw_only=True):
    """The answer to `ListConnections`; how many were found in all, open and ended."""

    open: int
    ended: int
    rows: list[tuple[ConnectionPlace, Connection]]


class ShownConnection(msgspec.Struct, tag=True):
    """The answer to `ShowConnection` and `CloseConnection`; None where the worker knows no such connection."""

    connection: ConnectionDetail | None


class Told(msgspec.Struct, tag=True):
    """An answer to an `Ask`."""

    call: int
    answer: ListedConnections | ShownConnection


class Ready(msgspec.Struct, tag=True, kw_only=True):
    """The worker could accept now; `buried` slots are in its journal and may be removed."""

    script: str | None
    buried: list[str] = []
    certificate: CertificateFacts | None = None
    """What it shows to devices, where it speaks TLS."""


class Buried(msgspec.Struct, tag=True):
    """These slots are in the journal and may be removed."""

    slots: list[str]


class Closed(msgspec.Struct, tag=True):
    """The worker takes no more connections, and reads no more datagrams: what comes is for whoever else listens."""


class Unready(msgspec.Struct, tag=True):
    """The worker cannot serve this source."""

    fault: Fault


class Loaded(msgspec.Struct, tag=True):
    """What came of a Reload: the version that acts now, and why the newest does not, if so."""

    script: str | None
    fault: Fault | None = None


class Nudge(msgspec.Struct, tag=True, kw_only=True):
    """There are new rows, or new counts."""

    connections: int
    """Those that are open; of UDP, the peers whose state is kept."""
    uncounted: list[RefusedCount] = []
    """Refused requests that were not recorded, since the last nudge."""
    held_back: int = 0
    """How often something was not read for the sake of the rate limit, since the last nudge."""
    waiting: int = 0
    """Requests that wait for their decode or their commit."""
    costs: StepCounts | None = None
    """What requests cost since it was told last; once a second."""
    fault: str | None = None
    """Why the journal cannot be written, if so."""
    certificate: CertificateFacts | None = None
    certificate_fault: str | None = None
    """Why it does not show the newest, if so."""
    datagrams: DatagramFacts | None = None


ToWorker = Configure | Poison | Bury | Accept | Drain | Leave | Reload | Renew | Ask
ToEngine = Ready | Buried | Closed | Unready | Loaded | Nudge | Told

_to_worker = msgspec.json.Decoder(ToWorker)
_to_engine = msgspec.json.Decoder(ToEngine)


def send(writer: asyncio.StreamWriter, message: ToWorker | ToEngine) -> None:
    """Queues a message; a peer that has gone is noticed by whoever reads from it."""
    if not writer.is_closing():
        writer.write(msgspec.json.encode(message) + b"\n")


async def to_worker(reader: asyncio.StreamReader) -> ToWorker | None:
    """The engine's next message; None when the engine has gone, or says what no engine says."""
    try:
        line = await reader.readline()
    except (ConnectionError, ValueError):
        return None
    return _to_worker.decode(line) if line.endswith(b"\n") else None


async def to_engine(reader: asyncio.StreamReader) -> ToEngine | None:
    """The worker's next message; None when the worker has gone."""
    try:
        line = await reader.readline()
    except ConnectionError:
        return None
    return _to_engine.decode(line) if line.endswith(b"\n") else None
