"""The process behind one event source: accept, interact, decode, commit, answer.

Started by the engine as `python -m core.worker.main FD`, where FD is its end of the lifeline.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence

from core.worker.lifeline import LINE_LIMIT, Configure, Unready, send, to_worker
from core.worker.worker import Worker, fault_of, own_socket

GC_THRESHOLD = 20_000
"""Objects more than before from which on cycles are looked for: requests make none, though hundreds wait at once."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop: uvloop where it is installed, else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def run(lifeline: int) -> int:
    """The worker's life; the exit status."""
    pair = own_socket(lifeline)
    pair.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=pair, limit=LINE_LIMIT)
    first = await to_worker(reader)
    if not isinstance(first, Configure):
        return 1
    worker = Worker(first, writer)
    try:
        ready = await worker.prepare()
    except Exception as error:  # noqa: BLE001  # whatever it is, the engine says it and tries again
        send(writer, Unready(fault_of(error)))
        await writer.drain()
        return 1
    ready.buried = await worker.buried(first.casualties)
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not look at it again and again
    gc.set_threshold(GC_THRESHOLD)
    send(writer, ready)
    obeying = asyncio.create_task(worker.obey(reader))
    await worker.done.wait()
    obeying.cancel()
    writer.close()
    return 0


def main(arguments: Sequence[str]) -> int:
    """The process: the engine alone says when it ends, so that a ctrl+c at a terminal ends nothing half way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.dont_write_bytecode = True  # nothing of ours goes into the operator's scripts folders
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s worker %(process)d: %(message)s")
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(run(int(arguments[0])))
    finally:
        sys.stderr = sys.__stderr__  # what scripts write goes to the decode log, what ends the process does not


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
