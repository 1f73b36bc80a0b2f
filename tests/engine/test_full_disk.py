"""A disk that takes no more: devices are told to come again, nothing that was acknowledged is lost, and it recovers."""

import itertools
import resource
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.cli.tidegate import until
from tests.disks import Mount, fill, small_disks
from tests.engine.stead import SCRIPT, SOURCE, Stead, body
from tests.wire.datagrams import Device, device, udp_source
from tests.wire.test_http import CLOSE, post, statuses

SMALL = 4 << 20
INSTANCE = '[journal]\nfree_disk = "1 MiB"\nsegment = "1 MiB"\n'
LINES = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
FRAMING = 'answer = "OK\\\\n"\n[device_communication.event_sources.interaction_handler.framing]\ntype = "line"'
ANSWERED = SCRIPT.replace("events, logger):", "events, logger, respond):") + '    respond(message["id"].encode())\n'
PADDING = "x" * 3000

MakeStead = Callable[..., Stead]


@pytest.fixture
def mount() -> Iterator[Mount]:
    with small_disks() as mount:
        yield mount


@pytest.mark.parametrize("with_reserve", [True, False], ids=["below free_disk", "to the last byte"])
def test_a_full_disk_is_a_503_until_it_has_room(make_stead: MakeStead, mount: Mount, with_reserve: bool) -> None:
    stead = make_stead(instance=INSTANCE)
    mount(stead.path / "data" / "journal", SMALL)
    stead.serve()
    acknowledged: set[str] = set()
    ballast = stead.path / "data" / "journal" / "ballast"
    for number in range(20):
        assert stead.post(body(f"d{number}")) == 200
        acknowledged.add(f"d{number}")
    fill(ballast, keep=(512 << 10) if with_reserve else 0)

    refused = 0
    for number in range(20, 4000):
        status = stead.post(body(f"d{number}").ljust(4000))
        assert status in (200, 503)
        if status == 200:
            acknowledged.add(f"d{number}")
        else:
            refused += 1
            if refused > 20:
                break
    answer = stead.raw(post(body("full"), CLOSE))
    assert statuses(answer) == [503]
    assert b"\r\nRetry-After: 1\r\n" in answer
    until(lambda: "disk is" in (stead.source().reason or ""), "the reason in the tree of states")

    ballast.unlink()
    until(lambda: stead.post(body("room")) == 200, "room")
    until(lambda: stead.source().reason is None, "the reason to go")
    stored = {event["hardwareId"] for event in stead.events()}
    assert acknowledged <= stored
    assert max(stead.journal_ids().values()) == 1


def test_a_journal_that_cannot_be_written_is_a_503(make_stead: MakeStead) -> None:
    """The next segment has no place to go, and the one there is is full."""
    stead = make_stead(instance=INSTANCE)
    stead.serve()
    folder = stead.path / "data" / "journal" / "default" / "lora"
    aside = folder.with_name("aside")
    for number in range(3):
        assert stead.post(body(f"d{number}").ljust(500_000)) == 200
    folder.rename(aside)
    folder.write_text("in the way")
    assert stead.post(body("lost")) == 503
    until(lambda: "the journal cannot be written" in (stead.source().reason or ""), "the reason")
    folder.unlink()
    aside.rename(folder)
    until(lambda: stead.post(body("well")) == 200, "the journal")
    assert {event["hardwareId"] for event in stead.events()} == {"d0", "d1", "d2", "well"}


class Lines:
    """A device that sends a line, waits for its answer, and sends it again on another connection where none comes."""

    def __init__(self, port: int) -> None:
        self.acknowledged: list[str] = []
        self.cut_off = 0
        """Lines that were not answered: the connection ended, or nothing came for a while."""
        self._port = port
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Lines":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(20)

    def _run(self) -> None:
        numbers = itertools.count()
        id = f"d{next(numbers)}"
        while not self._stopping.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=0.5) as connection:
                    answers = connection.makefile("rb")
                    while not self._stopping.is_set():
                        connection.sendall(body(id)[:-1] + b', "padding": "%b"}\n' % PADDING.encode())
                        if answers.readline() != f"{id}\n".encode():
                            self.cut_off += 1
                            break
                        self.acknowledged.append(id)
                        id = f"d{next(numbers)}"
            except OSError:
                self.cut_off += 1


def test_lines_are_not_answered_and_come_again(make_stead: MakeStead, mount: Mount) -> None:
    """A device of raw TCP is not told that there is no room: it hears nothing, or its connection ends."""
    script = ANSWERED.replace('message["id"].encode()', 'message["id"].encode() + b"\\n"')
    stead = make_stead(script=script, instance=INSTANCE)
    stead.write(LINES.format(id="lora", port=stead.port, settings="", handler=FRAMING, script="lora.py", decoder=""))
    mount(stead.path / "data" / "journal", SMALL)
    stead.serve()
    ballast = stead.path / "data" / "journal" / "ballast"
    with Lines(stead.port) as tracker:
        until(lambda: len(tracker.acknowledged) > 10, "answers")
        fill(ballast)
        until(lambda: "disk is" in (stead.source().reason or ""), "the reason in the tree of states")
        before = tracker.cut_off
        until(lambda: tracker.cut_off > before, "a line that is not answered")
        heard = len(tracker.acknowledged)
        ballast.unlink()
        until(lambda: len(tracker.acknowledged) > heard + 10, "answers again")
        until(lambda: stead.source().reason is None, "the reason to go")
    stored = {event["hardwareId"] for event in stead.events()}
    assert set(tracker.acknowledged) <= stored
    assert max(stead.journal_ids().values()) == 1


def said(tracker: Device, datagram: bytes) -> str:
    """What a datagram is answered; nothing where no answer comes in time."""
    try:
        return tracker.ask(datagram).decode()
    except TimeoutError:
        return ""


def test_datagrams_are_not_answered_and_come_again(make_stead: MakeStead, mount: Mount) -> None:
    stead = make_stead(script=ANSWERED, instance=INSTANCE)
    stead.write(udp_source("lora", stead.port))
    mount(stead.path / "data" / "journal", SMALL)
    stead.serve()
    ballast = stead.path / "data" / "journal" / "ballast"
    answered: set[str] = set()
    with device(stead.port) as tracker:
        for number in range(10):
            answered.add(tracker.ask(body(f"d{number}")).decode())
        fill(ballast)
        tracker.socket.settimeout(1.0)
        numbers = itertools.count(10)
        while answer := said(tracker, body(f"d{next(numbers)}")[:-1] + b', "padding": "%b"}' % PADDING.encode()):
            answered.add(answer)
        until(lambda: "disk is" in (stead.source().reason or ""), "the reason in the tree of states")
        ballast.unlink()
        while "again" not in answered:
            answered.add(said(tracker, body("again")))
        answered.discard("")
        until(lambda: stead.source().reason is None, "the reason to go")
    assert answered <= {event["hardwareId"] for event in stead.events()}
    assert max(stead.journal_ids().values()) == 1


def test_with_no_room_for_the_index_requests_are_kept(make_stead: MakeStead, mount: Mount) -> None:
    stead = make_stead(instance=INSTANCE)
    data, journal = stead.path / "data", stead.path / "data" / "journal"
    mount(data, 8 << 20)
    mount(journal, 32 << 20)
    stead.serve()
    assert stead.post(body("before")) == 200
    until(lambda: len(stead.events()) == 1, "the index")
    fill(data / "ballast")
    ids = {"before"}
    for number in range(200):
        id = f"{number}{PADDING}"[:1000]  # the index has it twice, and in its own log
        assert stead.post(body(id)) == 200
        ids.add(id)
    until(lambda: "the index cannot be written" in (stead.status().tree.reason or ""), "the reason")
    (data / "ballast").unlink()
    until(lambda: stead.status().tree.reason is None, "the reason to go")
    until(lambda: {event["hardwareId"] for event in stead.events()} == ids, "what was kept meanwhile")
    assert len(stead.events()) == len(ids)
    assert max(stead.journal_ids().values()) == 1


def test_an_engine_starts_on_a_full_disk_and_serves_when_there_is_room(make_stead: MakeStead, mount: Mount) -> None:
    stead = make_stead(instance=INSTANCE)
    data = stead.path / "data"
    mount(data, SMALL)
    fill(data / "ballast")
    stead.serve()
    assert stead.source().state == "error"
    assert "full" in (stead.source().reason or "") or "No space left" in (stead.source().reason or "")
    (data / "ballast").unlink()
    until(lambda: stead.source().state == "started", "the source")
    assert stead.post(body("well")) == 200
    assert {event["hardwareId"] for event in stead.events()} == {"well"}


def test_a_disk_that_has_faults_is_a_503_and_said(make_stead: MakeStead) -> None:
    """A limit on the size of files has every write of the worker fail, as a disk with a fault does."""
    stead = make_stead(instance=INSTANCE)
    stead.serve()
    for number in range(3):
        assert stead.post(body(f"d{number}")) == 200
    (worker,) = stead.workers()
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, before[1]))
    answer = stead.raw(post(body("lost"), CLOSE))
    assert statuses(answer) == [503]
    assert b"\r\nRetry-After: 1\r\n" in answer
    until(lambda: "cannot be written: disk I/O error" in (stead.source().reason or ""), "the reason")
    assert stead.post(body("lost")) == 503
    resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
    until(lambda: stead.post(body("well")) == 200, "the disk")
    until(lambda: stead.source().reason is None, "the reason to go")
    assert stead.workers() == [worker]
    assert {event["hardwareId"] for event in stead.events()} == {"d0", "d1", "d2", "well"}
