"""TLS on a connection that was accepted: between the socket's transport and a handler's protocol.

asyncio's own layer ends a connection as soon as the device has ended its side, whatever is still owed on it, and holds
256 KiB for each. Here a handler may go on writing after the device's close_notify, as it may after the end of a
plain connection, so that "closed" says the same over TLS: all is on disk.

Theory of operation. What is read goes into a memory BIO. HANDSHAKE tries the handshake with all that has come; OPEN
hands decrypted bytes to the handler's protocol, which is made when the handshake is done; SHUT discards what still
comes, once this side has said close_notify. What TLS wants sent is written to the socket's transport at once, whose
buffer and limits are the connection's.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, cast

from core.wire.tls_words import handshake_words

READ_BYTES = 64 << 10


class CutShort(ConnectionError):
    """The socket's end came without TLS's: who ended it, and whether that was all, cannot be told."""

    def __init__(self) -> None:
        super().__init__("the connection ended without the end that TLS asks for")


class Phase:
    """Plain numbers, compared with every read."""

    HANDSHAKE = 0
    OPEN = 1
    SHUT = 2


class TlsConnection(asyncio.BufferedProtocol):
    """The socket's side: see the module's theory of operation.

    `make` gives the handler's protocol after the handshake; `failed` hears why there was none, and of how many bytes.
    """

    _buffer = memoryview(bytearray(READ_BYTES))  # all connections read into one: it is copied from at once

    def __init__(
        self,
        context: ssl.SSLContext,
        timeout: float,
        make: Callable[[], asyncio.BaseProtocol],
        failed: Callable[[str, int], None],
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._timeout = timeout
        self._make = make
        self._failed = failed
        self._phase = Phase.HANDSHAKE
        self._came = 0
        self._ended = False
        """The device has said close_notify."""
        self._paused = False
        self._protocol: asyncio.BaseProtocol | None = None
        self._error: Exception | None = None
        self.settled = asyncio.Event()
        """The handshake is over, in whatever way."""
        self._raw: asyncio.Transport
        self._timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._raw = transport
        self._timer = asyncio.get_running_loop().call_later(self._timeout, self._late)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._phase == Phase.SHUT or self._ended:
            return
        self._incoming.write(self._buffer[:nbytes])
        if self._phase == Phase.HANDSHAKE:
            self._came += nbytes
            self._shake()
        if self._phase == Phase.OPEN:
            self._read()

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._flush()  # the alert
            self._fail(handshake_words(error))
            self._raw.close()
            return
        self._flush()
        self._settle()
        self._phase = Phase.OPEN
        self._protocol = self._make()
        self._protocol.connection_made(TlsTransport(self, self._raw, self._tls))

    def _settle(self) -> None:
        self._timer.cancel()
        self.settled.set()

    def _late(self) -> None:
        self._fail(f"the TLS handshake took longer than {self._timeout:g} s")
        self._raw.abort()

    def _fail(self, reason: str) -> None:
        if self._phase == Phase.HANDSHAKE:
            self._phase = Phase.SHUT
            self._settle()
            self._failed(reason, self._came)

    def _read(self) -> None:
        """Hands over what has been decrypted, for as long as the protocol takes it."""
        while self._phase == Phase.OPEN and not (self._paused or self._ended or self._raw.is_closing()):
            try:
                more = self._read_once()
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                more = False
            except ssl.SSLError as error:
                self._flush()
                self._error = error
                self._raw.abort()
                return
            if not more:
                self._end_of_device()
        self._flush()  # what TLS itself answers, as new keys

    def _read_once(self) -> bool:
        """One record's bytes to the protocol; whether there were any, or the end."""
        protocol = self._protocol
        if isinstance(protocol, asyncio.BufferedProtocol):
            buffer = memoryview(protocol.get_buffer(-1))
            data = self._tls.read(len(buffer))
            if data:
                buffer[: len(data)] = data
                protocol.buffer_updated(len(data))
            return bool(data)
        assert isinstance(protocol, asyncio.Protocol)
        data = self._tls.read(READ_BYTES)
        if data:
            protocol.data_received(data)
        return bool(data)

    def _end_of_device(self) -> None:
        self._ended = True
        if not self._tell_end():
            self.close()

    def _tell_end(self) -> bool:
        """Tells the protocol that nothing more comes; whether it still has to write."""
        assert isinstance(self._protocol, (asyncio.Protocol, asyncio.BufferedProtocol))
        return bool(self._protocol.eof_received())

    def eof_received(self) -> bool:
        """The end of the socket: the end of TLS has come before it, or what came may have been cut short."""
        if self._phase == Phase.HANDSHAKE:
            if self._came:
                self._fail("the device ended the connection during the TLS handshake")
            return False
        if self._ended:
            return True
        if self._phase == Phase.SHUT:
            return self._protocol is not None and self._tell_end()
        self._error = CutShort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        if self._came:
            self._fail("the device reset the connection during the TLS handshake")
        self._phase = Phase.SHUT
        if self._protocol is not None:
            self._protocol.connection_lost(self._error or exc)

    def pause_writing(self) -> None:
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        if self._protocol is not None:
            self._protocol.resume_writing()

    # What the transport of the handler's protocol does.

    def use(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def used(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._phase != Phase.OPEN:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError as error:
            self._error = error
            self._raw.abort()
            return
        self._flush()

    def pause(self) -> None:
        self._paused = True
        self._raw.pause_reading()

    def resume(self) -> None:
        self._paused = False
        self._raw.resume_reading()
        asyncio.get_running_loop().call_soon(self._read)  # what was decrypted only in part

    def abort(self) -> None:
        """Ends it at once; a handshake under way is not recorded."""
        if self._phase == Phase.HANDSHAKE:
            self._phase = Phase.SHUT
        self._raw.abort()

    def shut(self) -> None:
        """Says close_notify, which the device need not answer (RFC 8446 6.1)."""
        if self._phase != Phase.OPEN:
            return
        self._phase = Phase.SHUT
        with contextlib.suppress(ssl.SSLError, ValueError):  # it waits for the device's own: ours has been said
            self._tls.unwrap()
        self._flush()

    def close(self) -> None:
        self.shut()
        self._raw.close()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())


class TlsTransport(asyncio.Transport):
    """The transport that a handler's protocol has."""

    def __init__(self, connection: TlsConnection, raw: asyncio.Transport, tls: ssl.SSLObject) -> None:
        super().__init__()
        self._connection = connection
        self._raw = raw
        self._tls = tls

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls if name == "ssl_object" else self._raw.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._raw.is_closing()

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._connection.abort()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._connection.use(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._connection.used()

    def is_reading(self) -> bool:
        return self._raw.is_reading()

    def pause_reading(self) -> None:
        self._connection.pause()

    def resume_reading(self) -> None:
        self._connection.resume()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.write(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._connection.shut()
        try:
            self._raw.write_eof()
        except OSError:  # the device has reset it meanwhile
            self._raw.abort()

    def get_write_buffer_size(self) -> int:
        return self._raw.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._raw.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._raw.set_write_buffer_limits(high, low)
