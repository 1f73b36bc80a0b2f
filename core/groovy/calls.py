"""Calls to a sidecar one after another, for the engine's own needs; workers have `core.groovy.client`."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from core.groovy.frames import HEADER, HELLO, OK, Hello, frame

HERE = 4
"""The length's own bytes, which it does not count."""


class Calls:
    """A connection on which one call waits for its answer before the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def call(self, op: int, body: bytes) -> bytes:
        """The body of the answer; EOFError or OSError where none comes, ValueError where the call has failed."""
        self._writer.write(frame(1, op, body))
        length, _, status = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        answer = await self._reader.readexactly(length - (HEADER.size - HERE))
        if status != OK:
            raise ValueError(answer.decode(errors="replace"))
        return answer


@contextlib.asynccontextmanager
async def calling(path: Path, folder: Path) -> AsyncGenerator[Calls]:
    """A connection that has said HELLO; scripts and slot are in `folder`."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        slot = folder / "engine.slot"
        slot.write_bytes(bytes(8))
        calls = Calls(reader, writer)
        hello = Hello(tenant="-", source="-", folders=[str(folder)], slot=str(slot))
        await calls.call(HELLO, msgspec.json.encode(hello))
        yield calls
    finally:
        writer.close()
