"""Requests of one connection run one after another, for a script may change the connection's state; those of different
connections run beside each other."""

from collections import deque
from collections.abc import Callable
from functools import partial

from core.catalogue.received import Decoded, Received

Done = Callable[[Decoded | None], None]


class _Turn:
    __slots__ = ("begun", "done", "ended", "received")

    def __init__(self, received: Received, done: Done) -> None:
        self.received = received
        self.done = done
        self.begun = False
        """`run` has returned."""
        self.ended = False


class Turns:
    """Calls `run` for each request in its turn; the turn ends when what it was given is called, once."""

    def __init__(self, run: Callable[[Received, Done], None]) -> None:
        self.waiting = 0
        """Requests whose turn has not ended."""
        self.waiting_bytes = 0
        self._run = run
        self._queues: dict[int, deque[_Turn]] = {}
        """By the connection's state; the first of each queue has its turn."""

    def submit(self, received: Received, done: Done) -> None:
        """Has a request take its turn; see `core.catalogue.decoding.RemoteDecoder`."""
        self.waiting += 1
        self.waiting_bytes += len(received.payload)
        queue = self._queues.get(id(received.state))
        if queue is None:
            queue = self._queues[id(received.state)] = deque()
        queue.append(_Turn(received, done))
        if len(queue) == 1:
            self._go_on(queue)

    def _go_on(self, queue: deque[_Turn]) -> None:
        """Runs what ends at once, up to a turn that waits for something."""
        while queue:
            turn = queue[0]
            self._run(turn.received, partial(self._end, queue, turn))
            turn.begun = True
            if not turn.ended:
                return

    def _end(self, queue: deque[_Turn], turn: _Turn, decoded: Decoded | None) -> None:
        turn.ended = True
        self.waiting -= 1
        self.waiting_bytes -= len(turn.received.payload)
        turn.done(decoded)
        queue.popleft()
        if not queue:
            self._queues.pop(id(turn.received.state), None)
        elif turn.begun:
            self._go_on(queue)
