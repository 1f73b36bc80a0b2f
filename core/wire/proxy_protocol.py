"""The PROXY protocol, versions 1 and 2: the header with which a proxy says who is at the other end of it.

Source: The PROXY protocol, Willy Tarreau, HAProxy Technologies, doc/proxy-protocol.txt. A header is taken to its last
byte and not one byte further, since what follows belongs to TLS or to the handler.
"""

import asyncio
import ipaddress
import re
import socket
import struct

Address = tuple[str, int]

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""With which version 2 begins."""
V1 = b"PROXY "
MOST_V1 = 107
"""Bytes of the longest header of version 1, with its line end."""
FIXED_V2 = 16
"""Bytes of version 2 before its addresses."""
TIMEOUT = 5.0
"""Seconds from the connection to the end of its header."""
_PEEK = 4096
_FAMILIES = {0x11: "4s4sHH", 0x12: "4s4sHH", 0x21: "16s16sHH", 0x22: "16s16sHH"}
"""Family and protocol of version 2 that carry Internet addresses; the lengths of the addresses behind them."""
_OTHER_FAMILIES = (0x00, 0x31, 0x32)
"""Unspecified, and UNIX sockets: they say nothing that is known here, and are no fault."""
_PORT = re.compile(r"0|[1-9]\d{0,4}")


class Malformed(Exception):
    """No header of either version; the message says why."""


def header_length(data: bytes) -> int | None:
    """The bytes of the header that `data` begins with; None where more of it must be seen. Malformed where there can
    be none."""
    if data[: len(V1)] == V1[: len(data)]:
        end = data.find(b"\r\n", 0, MOST_V1) + 2
        if end < 2 and len(data) >= MOST_V1:
            raise Malformed(f"the PROXY header has no end in {MOST_V1} bytes")
        return end if end >= 2 else None
    if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
        raise Malformed("the proxy did not begin with a PROXY header")
    if len(data) < FIXED_V2:
        return None
    return FIXED_V2 + struct.unpack_from("!H", data, 14)[0]


def source_of(header: bytes) -> Address | None:
    """The source address that a whole header names; None where it leaves the connection's own: the proxy's own checks,
    and what has no Internet address. Malformed where it breaks the protocol."""
    return _source_v1(header) if header.startswith(V1) else _source_v2(header)


def _source_v1(header: bytes) -> Address | None:
    try:
        words = header[:-2].decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise Malformed("the PROXY header is not ASCII") from None
    if words[1] == "UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise Malformed("the PROXY header is not PROXY, TCP4 or TCP6, two addresses and two ports")
    kind = ipaddress.IPv4Address if words[1] == "TCP4" else ipaddress.IPv6Address
    try:
        source, _ = (kind(word) for word in words[2:4])
    except ValueError:
        raise Malformed(f"the PROXY header has an address that is none of {words[1]}") from None
    if not all(_PORT.fullmatch(word) and int(word) < 1 << 16 for word in words[4:]):
        raise Malformed("the PROXY header has a port that is none")
    return str(source), int(words[4])


def _source_v2(header: bytes) -> Address | None:
    version, family = header[12:14]
    if version >> 4 != 2:
        raise Malformed(f"the PROXY header is of version {version >> 4}")
    command = version & 0xF
    if command > 1:
        raise Malformed(f"the PROXY header has the unknown command {command}")
    if command == 0:  # LOCAL
        return None
    if family in _OTHER_FAMILIES:
        return None
    if family not in _FAMILIES:
        raise Malformed(f"the PROXY header has the unknown address family {family:#04x}")
    layout = struct.Struct("!" + _FAMILIES[family])
    if len(header) - FIXED_V2 < layout.size:
        raise Malformed("the PROXY header is too short for its addresses")
    source, _, port, _ = layout.unpack_from(header, FIXED_V2)
    return str(ipaddress.ip_address(source)), port


async def read_header(connection: socket.socket) -> Address | None:
    """Takes a header off a connection; the source address that it names, None for the connection's own. Malformed
    where there is none within the limit; OSError where the connection breaks."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return source_of(await _read_exactly(connection))
    except TimeoutError:
        raise Malformed(f"the PROXY header took longer than {TIMEOUT:g} s") from None


async def _read_exactly(connection: socket.socket) -> bytes:
    """Looks at what has come before it takes any of it: all of that up to the header's end is the header's."""
    header = b""
    while True:
        await _readable(connection)
        try:
            seen = connection.recv(_PEEK, socket.MSG_PEEK)
        except BlockingIOError:
            continue
        if not seen:
            raise Malformed("the proxy ended the connection before its PROXY header" if header else "")
        length = header_length(header + seen)
        header += connection.recv(len(seen) if length is None else min(len(seen), length - len(header)))
        if length == len(header):
            return header


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(connection.fileno(), lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(connection.fileno())
