"""What requests cost, as `tidegate status --json` tells it: each step where its time went, all workers together."""

import json
import socket
from collections.abc import Callable
from typing import Any

from core.model.costs import Costs
from tests.cli.tidegate import until
from tests.engine.stead import Stead, body, kill

SLOW = """import json
import time


def decode(payload, metadata, events, logger):
    time.sleep(0.05)
    events.measurements(json.loads(payload)["id"], {"value": 1.0})
"""


def post(port: int, count: int) -> None:
    """Requests that come together on one connection."""
    one = body("d")
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(one), one)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request * count)
        seen = b""
        while seen.count(b"HTTP/1.1 200 ") < count:
            part = connection.recv(65536)
            assert part
            seen += part


def costs(stead: Stead) -> dict[str, Any]:
    tree = json.loads(stead("status", "--json").out)["tree"]
    return next(node for node in tree["children"][0]["children"] if node["path"] == "default/lora")["costs"]


def measured(stead: Stead, count: int) -> Costs:
    """The costs, once so many requests are among them."""
    until(lambda: (told := stead.source().costs) is not None and told.since_start.requests == count, "all to be told")
    told = stead.source().costs
    assert told is not None
    return told


def test_the_step_that_takes_the_time_is_the_one_that_is_told(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=SLOW)
    stead.serve()
    assert costs(stead) is None
    for _ in range(5):
        post(stead.port, 1)
    measured(stead, 5)
    told = costs(stead)
    assert told["waiting"] == 0
    for over in (told["since_start"], told["last_minute"]):
        assert over["requests"] == 5
        assert 45 <= over["decode"]["p50"] <= over["decode"]["p95"] <= over["decode"]["p99"]
        assert all(0 < over[step]["p50"] < 45 for step in ("interact", "commit", "answer"))
        assert over["batch"]["p50"] == 1
    # What comes together waits for what is before it, and is committed together.
    post(stead.port, 4)
    together = measured(stead, 9).since_start
    assert together.interact is not None
    assert together.batch is not None
    assert together.interact.p99 > 45
    assert together.batch.p99 > 1


def test_what_a_worker_counted_stays_when_it_has_ended(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(settings="threads = 2")
    stead.serve()
    for _ in range(20):
        post(stead.port, 1)
    measured(stead, 20)
    for worker in stead.workers():
        kill(worker)
    until(lambda: len(stead.workers()) == 2, "two workers again")
    post(stead.port, 1)
    measured(stead, 21)


def test_refused_requests_have_no_decode(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(handler='methods = ["PUT"]')
    stead.serve()
    stead.raw(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    until(lambda: stead.source().costs is not None, "the commit to be told")
    told = stead.source().costs
    assert told is not None
    assert told.since_start.requests == 0
    assert told.since_start.decode is None
    assert told.since_start.batch is not None
