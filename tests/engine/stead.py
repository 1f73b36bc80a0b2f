"""A home with one tenant for tests of the engine: real processes, real sockets, real files."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from core.control.client import ControlClient, connected
from core.control.states import Node, Status
from tests.cli.tidegate import Homestead, free_port, tidegate, until

R = TypeVar("R")

SCRIPT = """import json


def decode(payload, metadata, events, logger):
    message = json.loads(payload)
    events.measurements(message["id"], {"value": message["value"]})
"""

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "{id}"
port = {port}
{settings}

[device_communication.event_sources.interaction_handler]
type = "http"
{handler}

[device_communication.event_sources.decoder]
type = "python"
script = "{script}"
{decoder}
"""


def source_text(
    id: str, port: int, settings: str = "", handler: str = "", decoder: str = "", script: str = "lora.py"
) -> str:
    """One event source in TOML."""
    return SOURCE.format(id=id, port=port, settings=settings, handler=handler, decoder=decoder, script=script)


class Stead(Homestead):
    """A home with the tenant `default` and the source `lora`, decoded by `script`."""

    def __init__(
        self,
        path: Path,
        script: str = SCRIPT,
        settings: str = "",
        handler: str = "",
        decoder: str = "",
        more: str = "",
        instance: str = "",
    ) -> None:
        super().__init__(path, free_port())
        made = tidegate("init", "--home", str(path), "--port", str(self.port))
        assert made.status == 0, made.err
        self.tenant_file = path / "tenants" / "default" / "tenant.toml"
        self.scripts = path / "tenants" / "default" / "scripts"
        (self.scripts / "lora.py").write_text(script)
        self.write(source_text("lora", self.port, settings, handler, decoder) + more)
        if instance:
            (path / "instance.toml").write_text(instance)

    def write(self, sources: str) -> None:
        self.tenant_file.write_text('[tenant]\nid = "default"\nname = "Default Tenant"\n' + sources)

    def talk(self, work: Callable[[ControlClient], Awaitable[R]]) -> R:
        """Does something over the control socket."""

        async def connect() -> R:
            async with connected(self.path / "data" / "control.sock") as client:
                return await work(client)

        return asyncio.run(connect())

    def status(self) -> Status:
        return self.talk(lambda client: client.call("status", None, Status))

    def source(self, id: str = "lora") -> Node:
        """The source's node in the tree of states."""
        return next(node for node in self.status().tree.children[0].children if node.path == f"default/{id}")

    def workers(self, id: str = "lora") -> list[int]:
        """The process ids of the workers that serve."""
        nodes = [node for node in self.source(id).children if node.kind == "worker" and node.state == "started"]
        return [node.detail["pid"] for node in nodes]

    def children(self) -> list[int]:
        """The processes that the engine has started."""
        engine = self.engines[-1].pid
        tasks = Path(f"/proc/{engine}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def events(self) -> list[dict[str, Any]]:
        return self("events", "--json", "--limit", "1000000").objects

    def requests(self, *options: str) -> list[dict[str, Any]]:
        return self("requests", "--json", "--limit", "1000000", *options).objects

    def last_request(self, outcome: str) -> dict[str, Any]:
        """The newest kept request of that outcome, as soon as there is one."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [row for row in self.requests() if row["outcome"] == outcome]
            return bool(found)

        until(there, f"a request that was {outcome}")
        return found[-1]

    def journal_ids(self) -> Counter[bytes]:
        """How often each request id stands in the journal, read from the segments themselves."""
        counts: Counter[bytes] = Counter()
        for segment in (self.path / "data" / "journal").glob("*/*/*.db"):
            connection = sqlite3.connect(segment)
            counts.update(row[0] for row in connection.execute("SELECT id FROM requests"))
            connection.close()
        return counts

    def raw(self, data: bytes, *, half_close: bool = False, timeout: float = 10.0) -> bytes:
        """Sends bytes to the source and reads until it closes (or until nothing more comes for `timeout`)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    parts: list[bytes] = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except (TimeoutError, ConnectionResetError):
        pass
    return b"".join(parts)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def body(id: object, value: float = 1.5) -> bytes:
    return json.dumps({"id": id, "value": value}).encode()
