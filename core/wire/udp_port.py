"""A UDP socket of a worker: what comes in, from whom and to which address; what goes out, and what cannot."""

import asyncio
import errno
import os
import socket
import struct
from collections import deque
from pathlib import Path
from typing import Any, Final, NamedTuple

from core.wire.listen import EVERY_ADDRESS, IP_PKTINFO

MOST_UNSENT: Final = 1024
"""Answers that wait for room in the kernel; of further ones the new are dropped, and counted."""

PeerAddress = tuple[Any, ...]
"""As the socket module has it: host and port, and for IPv6 flow and scope too."""
Control = tuple[tuple[int, int, bytes], ...]
"""Ancillary data of sendmsg: the local address that an answer comes from."""

_ANCILLARY: Final = socket.CMSG_SPACE(20)  # room for either kind of packet info
_IPV4_INFO: Final = struct.Struct("=I4s4s")
_IPV6_INFO: Final = struct.Struct("=16sI")
_LINK_LOCAL: Final = b"\xfe\x80"
_BUFFER_DEFAULT: Final = Path("/proc/sys/net/core/rmem_default")


class Arrived(NamedTuple):
    """One datagram: how long it was, whatever of it was taken, from whom, and how to answer from where it went."""

    size: int
    address: PeerAddress
    control: Control


class DatagramPort:
    """Receives and sends on one socket, which it does not close before `close`."""

    def __init__(self, bound: socket.socket) -> None:
        self.socket = bound
        self.unsent = 0
        """Answers that could not be sent, since somebody set this to 0."""
        self.unsent_reason: str | None = None
        self._every = False
        """It is bound to every address, so that each answer has to say which one it comes from."""
        self._waiting: deque[tuple[bytes, PeerAddress, Control]] = deque()
        self._loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """Answers that wait for room in the kernel."""
        return len(self._waiting)

    def begin(self, receive_buffer: int | None) -> int:
        """The socket is bound now. Asks for a receive buffer; the bytes that the kernel gives."""
        self._every = self.socket.getsockname()[0] in EVERY_ADDRESS
        wanted = _default_buffer() if receive_buffer is None else receive_buffer * 2
        if wanted and self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) != wanted:
            # what is asked for is doubled, for the kernel counts what it needs for itself (socket(7))
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted // 2)
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2

    def receive(self, buffer: memoryview) -> Arrived:
        """The next datagram, as much of it as the buffer takes; BlockingIOError where there is none."""
        if not self._every:
            size, address = self.socket.recvfrom_into(buffer, 0, socket.MSG_TRUNC)
            return Arrived(size, address, ())
        size, ancillary, _, address = self.socket.recvmsg_into([buffer], _ANCILLARY, socket.MSG_TRUNC)
        return Arrived(size, address, _answering(ancillary))

    def send(self, data: bytes, address: PeerAddress, control: Control) -> None:
        """Sends now, or when the kernel has room again."""
        if not self._waiting and self._sent(data, address, control):
            return
        if len(self._waiting) >= MOST_UNSENT:
            self._failed("too many answers wait to be sent")
            return
        if not self._waiting:
            self._loop.add_writer(self.socket.fileno(), self._send_waiting)
        self._waiting.append((data, address, control))

    def _sent(self, data: bytes, address: PeerAddress, control: Control) -> bool:
        """Whether this answer is done with: sent, or impossible to send."""
        try:
            if not control or not self._sent_from(data, address, control):
                self.socket.sendto(data, address)
        except BlockingIOError:
            return False
        except OSError as error:
            self._failed(os.strerror(error.errno) if error.errno else str(error))
        except OverflowError as error:
            self._failed(str(error))
        return True

    def _sent_from(self, data: bytes, address: PeerAddress, control: Control) -> bool:
        """Sends from the address that was sent to, where that is one of this machine alone: not a broadcast's."""
        try:
            self.socket.sendmsg([data], control, 0, address)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EADDRNOTAVAIL, errno.ENETUNREACH):
                return False
            raise
        return True

    def _failed(self, reason: str) -> None:
        self.unsent += 1
        self.unsent_reason = reason

    def _send_waiting(self) -> None:
        while self._waiting and self._sent(*self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting:
            self._loop.remove_writer(self.socket.fileno())

    def close(self) -> None:
        """What waits is not sent any more."""
        if self._waiting:
            self._loop.remove_writer(self.socket.fileno())
            for _ in self._waiting:
                self._failed("the source stopped")
            self._waiting.clear()
        self.socket.close()


def _default_buffer() -> int:
    """What a socket has that asks for nothing; 0 where that cannot be told."""
    try:
        return int(_BUFFER_DEFAULT.read_text())
    except (OSError, ValueError):
        return 0


def _answering(ancillary: list[tuple[int, int, bytes]]) -> Control:
    """What makes an answer come from the address that the datagram was sent to (ip(7), RFC 3542, 6)."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            _, own, _ = _IPV4_INFO.unpack(data)
            return ((level, kind, _IPV4_INFO.pack(0, own, bytes(4))),)
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            sent_to, interface = _IPV6_INFO.unpack(data)
            kept = interface if sent_to.startswith(_LINK_LOCAL) else 0
            return ((level, kind, _IPV6_INFO.pack(sent_to, kept)),)
    return ()
