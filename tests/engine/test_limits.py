"""A decode has a limit, whatever the script does, and hurts nobody else."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import SCRIPT, Stead, body, source_text

HOSTILE = """import json, os, re, sys, time

def decode(payload, metadata, events, logger):
    message = json.loads(payload)
    match message["id"]:
        case "loop":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "swallow":
            for _ in range(3):
                try:
                    while True:
                        pass
                except:
                    logger.info("swallowed")
        case "regex":
            re.match(r"(a+)+$", "a" * 40 + "b")
        case "power":
            10 ** 10 ** 9
        case "library":
            sum(range(10**12))
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "recursion":
            decode(payload, metadata, events, logger)
        case "crash":
            os._exit(7)
        case "signal":
            os.abort()
        case "memory":
            hoard = bytearray(200 << 20)
            sum(range(10**12))
        case "print":
            print("x" * 20000)
            logger.warning("after %d", 20000)
        case "events":
            for number in range(11):
                events.measurements("many", {"n": number})
        case "text":
            events.measurements("m", {"value": "warm"})
        case "state":
            pass
    events.measurements(message["id"], {"value": 1})
"""

INTERRUPTED = ["loop", "sleep", "swallow", "regex", "power"]
RAISED = {
    "exit": "SystemExit: 3",
    "interrupt": "KeyboardInterrupt",
    "recursion": "RecursionError",
    "events": "more than 10 events of one request",
    "text": "value is text, not a number",
}
FATAL = {
    "library": "could not be interrupted",
    "crash": "ended with status 7",
    "signal": "SIGABRT",
    "memory": "took more than 128 MiB of memory",
}


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    other = free_port()
    stead = Stead(
        tmp_path_factory.mktemp("limits") / "home",
        script=HOSTILE,
        settings='max_memory = "128 MiB"',
        decoder='timeout = "200 ms"\nmax_events = 10',
        more=source_text("other", other, script="other.py"),
    )
    (stead.scripts / "other.py").write_text(SCRIPT)
    stead.serve()
    yield stead
    stead.end()


@pytest.mark.parametrize("trick", INTERRUPTED)
def test_a_decode_that_runs_too_long_fails_and_its_worker_lives(stead: Stead, trick: str) -> None:
    workers = settled_workers(stead)
    assert stead.post(body(trick)) == 422
    failed = stead.last_request("failed")
    assert failed["reason"] == "ran longer than its time limit of 0.2 s"
    assert failed["events"] == 0
    assert stead.workers() == workers
    assert stead.post(body("well")) == 200


@pytest.mark.parametrize(("trick", "reason"), RAISED.items())
def test_whatever_a_script_raises_fails_its_request_alone(stead: Stead, trick: str, reason: str) -> None:
    workers = settled_workers(stead)
    assert stead.post(body(trick)) == 422
    failed = stead.last_request("failed")
    assert reason in failed["reason"]
    assert failed["reason"].startswith("lora.py:")
    assert stead.workers() == workers


@pytest.mark.parametrize(("trick", "reason"), FATAL.items())
def test_what_kills_a_worker_is_recorded_and_not_decoded_again(stead: Stead, trick: str, reason: str) -> None:
    (worker,) = settled_workers(stead)
    payload = body(trick, time.time())
    assert stead.raw(request(payload)) == b""
    until(lambda: (new := stead.workers()) != [worker] and bool(new), "the successor")
    failed = stead.last_request("failed")
    assert reason in failed["reason"]
    assert failed["bytes"] == len(payload)
    assert failed["target"] == "/lora"

    (successor,) = settled_workers(stead)
    assert stead.post(payload) == 422
    assert "not decoded again" in stead.last_request("failed")["reason"]
    assert stead.workers() == [successor]


def test_a_changed_script_lifts_the_ban_on_bytes_that_killed_a_worker(stead: Stead) -> None:
    payload = body("crash", time.time())
    (worker,) = settled_workers(stead)
    stead.raw(request(payload))
    until(lambda: stead.workers() not in ([], [worker]), "the successor")
    assert stead.post(payload) == 422
    script = stead.scripts / "lora.py"
    script.write_text(HOSTILE.replace("os._exit(7)", "pass"))
    until(lambda: stead.post(payload) == 200, "the new script")
    script.write_text(HOSTILE)
    until(lambda: "os._exit" in script.read_text() and stead.post(body("well")) == 200, "the old script")


def test_other_sources_go_on_while_one_hangs(stead: Stead) -> None:
    other = stead.source("other").detail["port"]
    settled_workers(stead)
    before = len(stead.events())
    thread = threading.Thread(target=Stead.post, args=(stead, body("sleep")))
    thread.start()
    began = time.monotonic()
    stead.port, own = other, stead.port
    try:
        assert stead.post(body("quick")) == 200
    finally:
        stead.port = own
    assert time.monotonic() - began < 0.19
    thread.join()
    assert len(stead.events()) == before + 1


def test_what_a_script_prints_is_kept_with_the_request_and_bounded(stead: Stead) -> None:
    assert stead.post(body("print")) == 200
    id = stead.requests()[-1]["id"]
    detail = stead.talk(lambda client: client.call("requests.get", {"id": id}))
    assert detail.log == "x" * 8192
    assert detail.log_cut == 20001 - 8192 + len("WARNING after 20000\n")


def request(payload: bytes) -> bytes:
    return b"POST /lora HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload)


def settled_workers(stead: Stead) -> list[int]:
    """The source's workers, once it has them all."""
    until(lambda: len(stead.workers()) == 1 and stead.source().state == "started", "the worker")
    return stead.workers()


def test_a_script_that_leaks_is_ended_with_its_worker(make_stead: Callable[..., Stead]) -> None:
    leak = "hoard = []\n" + SCRIPT.replace("    events.", "    hoard.append(bytearray(40 << 20))\n    events.")
    stead = make_stead(script=leak, settings='max_memory = "128 MiB"')
    stead.serve()
    (worker,) = stead.workers()
    while stead.workers() == [worker]:
        stead.raw(request(body("x")), timeout=0.2)
    until(lambda: "128 MiB" in (stead.source().reason or ""), "the reason")
    reasons = [row["reason"] for row in stead.requests() if row["outcome"] != "decoded"]
    assert all("128 MiB" in reason for reason in reasons)  # the one that was being decoded then, if one was
