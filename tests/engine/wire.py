"""The control protocol by hand: lines out, lines in, for what a well-behaved client would not do."""

import json
import socket
from typing import Any

from core.control.greeting import PROTOCOL
from tests.engine.stead import Stead


class Line:
    """One connection to a control socket, not greeted yet."""

    def __init__(self, stead: Stead) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(stead.path / "data" / "control.sock"))
        self._file = self.socket.makefile("rb")
        self._id = 0

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def say(self, line: bytes) -> None:
        self.socket.sendall(line + b"\n")

    def hear(self) -> dict[str, Any] | None:
        """The next message; None where the engine has closed the connection."""
        line = self._file.readline()
        return json.loads(line) if line else None

    def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """Calls, and gives the answer to it, result or error; notifications before it are passed over."""
        self._id += 1
        self.say(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}).encode())
        while (message := self.hear()) is not None:
            if message.get("id") == self._id:
                return message
        raise AssertionError(f"the engine closed the connection on {method}")

    def hello(self, **asked: Any) -> dict[str, Any]:
        return self.call("hello", {"protocol": PROTOCOL, "version": "test", **asked})

    def code(self, method: str, params: Any = None) -> int | None:
        """The error's code; None where there is none."""
        error = self.call(method, params).get("error")
        return None if error is None else error["code"]
