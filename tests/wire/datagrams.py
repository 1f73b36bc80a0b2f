"""Devices that send datagrams, and sources that take them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.engine.stead import Stead

SOURCE = """
[[device_communication.event_sources]]
type = "udp"
id = "{id}"
port = {port}
{settings}

[device_communication.event_sources.decoder]
type = "python"
script = "lora.py"
"""
FRAMING = "\n[device_communication.event_sources.framing]\n"


def udp_source(id: str, port: int, settings: str = "") -> str:
    """A UDP source in TOML; `settings` may end in the table of a framing."""
    return SOURCE.format(id=id, port=port, settings=settings)


class Device:
    """One peer of one port: what it sends and hears."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(10)
        self.socket.connect((host, port))  # from now on it hears only what comes from there

    @property
    def port(self) -> int:
        return self.socket.getsockname()[1]

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.socket.send(datagram)

    def hear(self) -> bytes:
        return self.socket.recv(65536)

    def ask(self, datagram: bytes) -> bytes:
        self.send(datagram)
        return self.hear()

    def hears_nothing(self, seconds: float = 0.3) -> bool:
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)
        return False


@contextmanager
def device(port: int, host: str = "127.0.0.1") -> Iterator[Device]:
    one = Device(port, host)
    try:
        yield one
    finally:
        one.socket.close()


def reasons(stead: Stead, source: str = "lora") -> list[str]:
    """Why its requests were refused."""
    return [row["reason"] for row in stead.requests("--refused", "--source", source)]
