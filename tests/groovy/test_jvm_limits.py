"""Scripts that do not end, fill the heap or would end the JVM; what they print; who else is harmed."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.groovy.build import Built
from core.groovy.frames import RUN, run_body
from tests.cli.tidegate import until
from tests.groovy.jvm import Client, Jvm

GOOD = "events << new DecodedDeviceRequest(new String(payload), null, new DeviceAlertCreateRequest())"


@pytest.fixture(scope="module")
def jvm(built: Built) -> Iterator[Jvm]:
    jvm = Jvm(built)
    yield jvm
    jvm.close()


@pytest.fixture
def own(built: Built) -> Iterator[Jvm]:
    """A JVM that may be spoilt."""
    jvm = Jvm(built)
    yield jvm
    jvm.close()


@pytest.fixture
def client(jvm: Jvm, tmp_path: Path) -> Iterator[Client]:
    yield from connected(jvm, tmp_path)


@pytest.fixture
def alone(own: Jvm, tmp_path: Path) -> Iterator[Client]:
    yield from connected(own, tmp_path)


def connected(jvm: Jvm, path: Path) -> Iterator[Client]:
    folder = path / "scripts"
    folder.mkdir()
    client = Client(jvm, folder)
    yield client
    client.close()


@pytest.mark.parametrize(
    "text",
    [
        "\nwhile (true) { }",
        "\nwhile (true) { try { while (true) { } } catch (Throwable t) { } }",
        "\nwhile (true) { try { Thread.sleep(10000) } catch (Throwable t) { } }",
        "\nwhile (true) { println 'on and on' }",
        "\ntry { Thread.sleep(9000) } catch (Throwable t) { }",
        "\n@groovy.transform.CompileStatic static void turn() { while (true) { } }\nturn()",
        "\ndef turn(n) { [1].each { while (true) { } } }\nturn(1)",
        "def error = new RuntimeException() {\nString getMessage() { while (true) { } } }\nthrow error",
    ],
)
def test_what_does_not_end_is_ended_at_its_limit(client: Client, text: str) -> None:
    handle = client.script(text)
    began = time.monotonic()
    failure = client.fails(handle, limit=0.25)
    assert time.monotonic() - began < 1.5
    assert failure.reason == "ran longer than its time limit of 0.25 s"
    assert (failure.file, failure.line, failure.stuck) == ("decode.groovy", 3, False)
    assert client.run(client.script(GOOD), b"d").events[0].hardware_id == "d"


def test_what_cannot_be_interrupted_is_answered_and_reported(own: Jvm, alone: Client, tmp_path: Path) -> None:
    handle, good = alone.script("\nnew Random().ints().sum()"), alone.script(GOOD, name="good.groovy")
    first = alone.begin(good, b"d")
    stuck = alone.begin(handle, limit=0.2)
    assert alone.receive()[:2] == (first, 0)
    until(lambda: int.from_bytes(alone.slot.read_bytes(), "big") == stuck, "the slot")
    id, status, body = alone.receive()
    assert (id, status) == (stuck, 1)
    assert b'"ran longer than its time limit of 0.2 s and could not be interrupted"' in body
    assert b'"line":3' in body
    assert b'"stuck":true' in body
    assert own.hear() == {"stuck": True}
    with pytest.raises(EOFError):
        alone.receive()
    assert alone.slot.read_bytes() == bytes(8)
    other = Client(own, alone.folder)
    assert other.run(other.load("good.groovy"), b"d").events[0].hardware_id == "d"
    other.close()


@pytest.mark.parametrize(
    "text",
    [
        "\nSystem.exit(3)",
        "\nRuntime.getRuntime().exit(3)",
        "\nRuntime.runtime.halt(3)",
        "\nClass type = System; type.exit(3)",
        "\nSystem.getMethod('exit', int).invoke(null, 3)",
        "\n@groovy.transform.CompileStatic static void end() { System.exit(3) }\nend()",
        "\n@groovy.transform.CompileStatic static void end() { Runtime.getRuntime().halt(3) }\nend()",
        "\n@groovy.transform.CompileStatic static void end() { System.getMethod('exit', int).invoke(null, 3) }\nend()",
        "\n[3].each(System.&exit)",
    ],
)  # fmt: skip
def test_scripts_do_not_end_the_jvm(client: Client, text: str) -> None:
    failure = client.fails(client.script(text))
    assert "is not for scripts: it would end the decoding of every tenant" in failure.reason
    assert (failure.file, failure.line) == ("decode.groovy", 3)


@pytest.mark.parametrize(
    "text",
    [
        "System.metaClass = null; System.exit(3)",
        "new GroovyShell().evaluate('@groovy.transform.CompileStatic static e() { System.exit(3) }; e()')",
        "Thread.start { System.metaClass = null; System.exit(3) }.join()",
        "System.inheritedChannel().close(); Thread.sleep(1000)",
    ],
)
def test_an_exit_past_the_guard_ends_the_jvm_at_once(own: Jvm, alone: Client, text: str) -> None:
    call = alone.begin(alone.script(text), limit=20)
    assert own.process.wait(5) == 3
    assert int.from_bytes(alone.slot.read_bytes(), "big") == call


def test_threads_that_a_script_leaves_behind_keep_no_processor(own: Jvm, alone: Client) -> None:
    counting = alone.script("print Thread.allStackTraces.keySet().count { it.name == 'stray' }", name="count.groovy")
    alone.run(alone.script("Thread.start('stray') { while (true) { } }\nThread.start('stray') { sleep(60000) }"))
    assert alone.run(counting).extras.log == "2"
    until(lambda: alone.run(counting).extras.log == "1", "the loop's end")
    alone.run(alone.script("Thread.start { new Random().ints().sum() }", name="library.groovy"))
    assert own.hear() == {"stuck": True}


def test_deep_recursion(client: Client) -> None:
    failure = client.fails(client.script("\ndef deeper(n) { deeper(n + 1) + 1 }\ndeeper(0)"))
    assert (failure.reason, failure.file, failure.line) == ("StackOverflowError", "decode.groovy", 3)


def test_a_full_heap_fails_one_request_and_is_reported(own: Jvm, alone: Client) -> None:
    failure = alone.fails(alone.script("\ndef hoard = []\nwhile (true) { hoard << new byte[1 << 20] }"))
    assert failure.reason == "OutOfMemoryError: Java heap space"
    assert (failure.file, failure.line) == ("decode.groovy", 4)
    assert own.hear() == {"heap": True}
    assert alone.run(alone.script(GOOD), b"d").events[0].hardware_id == "d"


def test_a_request_that_the_heap_cannot_hold_is_refused(client: Client) -> None:
    handle = client.script(GOOD)
    client.begin(handle, bytes(40 << 20))
    _, status, body = client.receive()
    assert (status, b"too long for Groovy's memory" in body) == (1, True)
    assert client.run(handle, b"x" * (4 << 20)).events[0].hardware_id == "x" * (4 << 20)


def test_output_is_bounded_and_belongs_to_its_request(client: Client) -> None:
    handle = client.script("print new String(payload); System.out.print('o'); System.err.print('e'); printf('%d', 1)")
    assert client.run(handle, b"a").extras.log == "aoe1"
    extras = client.run(handle, b"x" * 10000).extras
    assert (extras.log, extras.log_cut) == ("x" * 8192, 10000 - 8192 + 3)
    assert client.run(handle, b"b").extras.log == "boe1"
    failed = client.fails(client.script("println 'so far'; throw new Exception('bad')"))
    assert (failed.log, failed.reason) == ("so far\n", "bad")


def test_calls_are_answered_in_order_while_others_wait(client: Client) -> None:
    handle, slow = client.script(GOOD), client.script("Thread.sleep(600)", name="slow.groovy")
    ids = [client.begin(handle, str(n).encode()) for n in range(200)]
    ids.append(client.begin(slow))
    ids.append(client.begin(handle, b"last"))
    answers: list[tuple[float, int]] = []
    for _ in ids:
        answers.append((time.monotonic(), client.receive()[0]))
    assert [id for _, id in answers] == ids
    assert answers[200][0] - answers[0][0] < 0.5  # when the slow one's answer was asked for: the others had come
    assert client.slot.read_bytes() == bytes(8)


def test_connections_do_not_wait_for_each_other(jvm: Jvm, client: Client) -> None:
    slow = client.script("while (true) { }", name="slow.groovy")
    other = Client(jvm, client.folder)
    good = other.script(GOOD)
    client.begin(slow, limit=1.0)
    took: list[float] = []
    for n in range(50):
        began = time.monotonic()
        assert other.run(good, str(n).encode()).events
        took.append(time.monotonic() - began)
    assert max(took) < 0.5
    assert client.receive()[1] == 1
    other.close()


def test_a_stop_finishes_what_has_begun(built: Built, tmp_path: Path) -> None:
    jvm = Jvm(built)
    client = next(connected(jvm, tmp_path))
    idle = Client(jvm, client.folder)
    running = client.begin(client.script("Thread.sleep(500); " + GOOD), b"d")
    until(lambda: int.from_bytes(client.slot.read_bytes(), "big") == running, "the slot")
    ended: list[int] = []
    stopping = threading.Thread(target=lambda: ended.append(jvm.end()))
    stopping.start()
    assert client.receive()[:2] == (running, 0)
    with pytest.raises(EOFError):
        client.receive()
    with pytest.raises(EOFError):
        idle.receive()
    stopping.join()
    assert ended == [0]
    client.close()
    idle.close()


def test_a_handle_holds_until_it_is_released(client: Client) -> None:
    old = client.script(GOOD)
    new = client.script("events = []")
    assert client.run(old, b"d").events != client.run(new, b"d").events
    client.release(old)
    assert client.fails(old).reason == "the script is not loaded"
    body = run_body(new, 1.0, b"", b"", b"")
    assert isinstance(client.ask(RUN, body), bytes)
