"""A JVM with the sidecar, spoken to in its own frames, for tests of it alone."""

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.groovy.build import Built
from core.groovy.class_data import class_data_flags
from core.groovy.frames import (
    FAILED,
    HEADER,
    HELLO,
    LOAD,
    RELEASE,
    RUN,
    Extras,
    Failure,
    Hello,
    Kind,
    Load,
    Loaded,
    frame,
    run_body,
    split_result,
)
from core.groovy.jvm_process import java_command
from core.model.events import Event

PATIENCE = 20.0
IMPORTS = """\
import com.fasterxml.jackson.databind.*
import com.sitewhere.common.*
import com.sitewhere.rest.model.device.communication.*
import com.sitewhere.rest.model.device.event.request.*
import com.sitewhere.rest.model.device.request.*
import com.sitewhere.spi.device.event.*
import com.sitewhere.spi.device.event.request.*
import com.sitewhere.spi.device.event.state.*
"""


@dataclass
class Ran:
    """What came of a run that succeeded."""

    events: list[Event]
    raw: Any
    extras: Extras = field(default_factory=Extras)


class Jvm:
    """One JVM on a socket of its own."""

    def __init__(self, built: Built) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tg-")
        self.path = Path(self._folder.name) / "s"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(16)
        command = java_command(built, *class_data_flags(built))
        self.process = subprocess.Popen(
            command, stdin=listener.fileno(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        listener.close()
        self._said = b""
        assert self.hear() == {"ready": True}

    def hear(self) -> Any:
        """The next line that it says to the engine."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._said:
            assert select.select([self.process.stdout], [], [], deadline - time.monotonic())[0], "it says nothing"
            data = os.read(self.process.stdout.fileno(), 4096)
            assert data, "it has ended"
            self._said += data
        line, _, self._said = self._said.partition(b"\n")
        return json.loads(line)

    def end(self) -> int:
        """Asks it to end; its status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.close()
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._folder.cleanup()


class Client:
    """A worker's end of a connection: scripts in `folder`, the slot beside it."""

    def __init__(self, jvm: Jvm, *folders: Path) -> None:
        self.folder = folders[0]
        self.slot = self.folder.parent / f"{self.folder.name}.slot"
        self.slot.write_bytes(bytes(8))
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(jvm.path))
        self._last = 0
        hello = Hello(tenant="t", source="s", folders=[str(folder) for folder in folders], slot=str(self.slot))
        self.ask(HELLO, msgspec.json.encode(hello))

    def close(self) -> None:
        self._socket.close()

    def send(self, op: int, body: bytes) -> int:
        self._last += 1
        self._socket.sendall(frame(self._last, op, body))
        return self._last

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self) -> tuple[int, int, bytes]:
        """Id, status and body of the next answer."""
        length, id, status = HEADER.unpack(self._exactly(HEADER.size))
        return id, status, self._exactly(length - 9)

    def ask(self, op: int, body: bytes) -> bytes | Failure:
        wanted = self.send(op, body)
        id, status, answer = self.receive()
        assert id == wanted
        return msgspec.json.decode(answer, type=Failure) if status == FAILED else answer

    def load(self, name: str, kind: Kind = "binary") -> int:
        """The handle of a script that compiles."""
        return self.loaded(name, kind).handle

    def loaded(self, name: str, kind: Kind = "binary") -> Loaded:
        answer = self.ask(LOAD, msgspec.json.encode(Load(script=name, kind=kind)))
        assert isinstance(answer, bytes), answer
        return msgspec.json.decode(answer, type=Loaded)

    def refused(self, name: str, text: str | None = None) -> Failure:
        """Why a script does not compile."""
        if text is not None:
            (self.folder / name).write_text(text)
        answer = self.ask(LOAD, msgspec.json.encode(Load(script=name, kind="binary")))
        assert isinstance(answer, Failure)
        return answer

    def release(self, handle: int) -> None:
        self.send(RELEASE, handle.to_bytes(4, "big"))

    def begin(self, handle: int, payload: bytes = b"", *, limit: float = 5.0) -> int:
        """Sends a RUN and does not wait."""
        return self.send(RUN, run_body(handle, limit, b"{}", b"", payload))

    def run(
        self,
        handle: int,
        payload: bytes = b"",
        *,
        metadata: bytes = b"{}",
        state: bytes = b"",
        limit: float = 5.0,
    ) -> Ran:
        answer = self._run(handle, payload, metadata, state, limit)
        assert isinstance(answer, bytes), answer
        events, extras = split_result(answer)
        raw = json.loads(events)
        made = msgspec.json.decode(events, type=list[Event]) if isinstance(raw, list) else []
        return Ran(made, raw, msgspec.json.decode(extras, type=Extras) if extras else Extras())

    def fails(self, handle: int, payload: bytes = b"", *, limit: float = 5.0) -> Failure:
        answer = self._run(handle, payload, b"{}", b"", limit)
        assert isinstance(answer, Failure), answer
        return answer

    def _run(self, handle: int, payload: bytes, metadata: bytes, state: bytes, limit: float) -> bytes | Failure:
        return self.ask(RUN, run_body(handle, limit, metadata, state, payload))

    def script(self, text: str, kind: Kind = "binary", name: str = "decode.groovy") -> int:
        """Writes a script, with the imports in one line before it, and loads it."""
        (self.folder / name).write_text(IMPORTS.replace("\n", "; ") + "\n" + text)
        return self.load(name, kind)
