"""The sidecar's life in a running engine: it comes with the first need, is replaced when needed, leaves no trace."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.states import Node
from core.groovy.build import Built
from tests.cli.tidegate import free_port, until
from tests.engine.changes import apply_or_fail
from tests.engine.stead import Stead, alive, body, kill, source_text
from tests.groovy.conftest import give_build

SCRIPT = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest

def message = new groovy.json.JsonSlurper().parseText(new String(payload, "UTF-8"))
if (message.id == "stuck") {
    new Random().ints().sum()
}
def measurements = new DeviceMeasurementsCreateRequest()
measurements.addOrReplaceMeasurement("value", message.value as double)
events << new DecodedDeviceRequest(message.id as String, null, measurements)
"""
DECODER = 'timeout = "1 s"'


def groovy_source(port: int, id: str = "groovy") -> str:
    text = source_text(id, port, script="decode.groovy", decoder=DECODER)
    return text.replace('type = "python"', 'type = "groovy"')


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[Stead]:
    """An engine without any Groovy; each test asks for its own."""
    stead = Stead(tmp_path_factory.mktemp("sidecar") / "home")
    give_build(stead.path, built)
    (stead.scripts / "decode.groovy").write_text(SCRIPT)
    stead.serve()
    yield stead
    stead.end()


@pytest.fixture
def stead(made: Stead) -> Iterator[Stead]:
    """The source `lora` is decoded by Groovy."""
    apply_or_fail(made, groovy_source(made.port, "lora"))
    until(lambda: sidecar_of(made).state == "started", "Groovy")
    yield made
    if made.engines[-1].poll() is not None:
        made.serve()


def nodes(stead: Stead) -> list[Node]:
    return [node for node in stead.status().tree.children if node.kind == "groovy"]


def sidecar_of(stead: Stead) -> Node:
    (node,) = nodes(stead)
    return node


def jvms(stead: Stead) -> list[int]:
    """The JVMs among the engine's children."""
    return [pid for pid in stead.children() if command(pid).rpartition("/")[2] == "java"]


def command(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def socket_of(stead: Stead) -> Path:
    return stead.path / "data" / "groovy.sock"


def test_it_starts_with_the_first_script_and_ends_with_the_last(made: Stead) -> None:
    apply_or_fail(made, source_text("lora", made.port))
    assert (nodes(made), jvms(made), socket_of(made).exists()) == ([], [], False)
    port = free_port()
    apply_or_fail(made, source_text("lora", made.port) + groovy_source(port))
    until(lambda: sidecar_of(made).state == "started", "Groovy")
    node = sidecar_of(made)
    assert node.detail["pid"] in jvms(made)
    assert node.detail["memory"] > 20 << 20
    assert node.detail["version"]
    assert socket_of(made).stat().st_mode & 0o777 == 0o600
    apply_or_fail(made, source_text("lora", made.port))
    until(lambda: not jvms(made), "the JVM's end")
    assert (nodes(made), socket_of(made).exists()) == ([], False)


def test_a_source_that_is_applied_while_groovy_starts_waits_for_it(made: Stead) -> None:
    apply_or_fail(made, source_text("lora", made.port))
    until(lambda: not jvms(made), "no JVM")
    apply_or_fail(made, groovy_source(made.port, "lora"))
    assert made.post(body("first")) == 200


def test_a_killed_jvm_is_replaced_behind_the_same_socket(stead: Stead) -> None:
    before, place = sidecar_of(stead), socket_of(stead).stat().st_ino
    kill(before.detail["pid"])
    began = time.monotonic()
    assert stead.post(body("after")) == 200
    assert time.monotonic() - began < 10
    until(lambda: sidecar_of(stead).detail["pid"] not in (None, before.detail["pid"]), "another JVM")
    after = sidecar_of(stead)
    assert after.state == "started"
    assert after.detail["restarts"] == before.detail["restarts"] + 1
    assert socket_of(stead).stat().st_ino == place


def test_a_stuck_jvm_is_replaced_by_one_that_is_ready(stead: Stead) -> None:
    before = sidecar_of(stead).detail["pid"]
    assert stead.post(body("stuck")) == 422
    until(lambda: sidecar_of(stead).detail["pid"] not in (None, before), "another JVM")
    assert stead.post(body("beside")) == 200


def test_a_frozen_jvm_is_replaced(stead: Stead) -> None:
    before = sidecar_of(stead).detail["pid"]
    os.kill(before, signal.SIGSTOP)
    until(lambda: sidecar_of(stead).detail["pid"] not in (None, before), "another JVM")
    assert stead.post(body("after")) == 200
    until(lambda: not alive(before), "the end of the frozen one")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_jvm_outlives_its_engine(stead: Stead, number: signal.Signals) -> None:
    assert stead.post(body("one")) == 200
    pids = jvms(stead)  # the one that serves, and perhaps one that makes the class-data archive
    assert sidecar_of(stead).detail["pid"] in pids
    stead.engines[-1].send_signal(number)
    stead.engines[-1].wait()
    until(lambda: not any(alive(pid) for pid in pids), "the JVMs' end")


def test_a_socket_that_a_killed_engine_left_is_no_hindrance(stead: Stead) -> None:
    stead.engines[-1].kill()
    stead.engines[-1].wait()
    until(lambda: refused(socket_of(stead)), "nobody to listen")
    assert socket_of(stead).exists()
    stead.serve()
    assert stead.post(body("again")) == 200


def test_a_source_that_lacks_java_starts_when_it_is_installed(tmp_path: Path, built: Built) -> None:
    home = tmp_path / "jdk"
    stead = Stead(tmp_path / "home", instance=f'[groovy]\njava_home = "{home}"\n')
    try:
        (stead.scripts / "decode.groovy").write_text(SCRIPT)
        stead.write(groovy_source(stead.port, "lora"))
        give_build(stead.path, built)
        stead.serve()
        assert "which has no bin/java" in (stead.source().reason or "")
        assert "which has no bin/java" in stead("start", "default/lora").err
        home.symlink_to(built.found.java_home)
        until(lambda: stead.source().state == "started", "the source")
        assert stead.post(body("one")) == 200
    finally:
        stead.end()


def refused(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) != 0


def test_a_tenant_may_have_a_jvm_of_its_own(tmp_path: Path, built: Built) -> None:
    stead = Stead(tmp_path / "home", instance='[groovy]\nisolation = "tenant"\n')
    try:
        (stead.scripts / "decode.groovy").write_text(SCRIPT)
        stead.write(groovy_source(stead.port, "lora"))
        other = stead.path / "tenants" / "other"
        (other / "scripts").mkdir(parents=True)
        (other / "scripts" / "decode.groovy").write_text(SCRIPT)
        port = free_port()
        (other / "tenant.toml").write_text('[tenant]\nid = "other"\nname = "Other"\n' + groovy_source(port))
        give_build(stead.path, built)
        stead.serve()
        until(lambda: [node.state for node in nodes(stead)] == ["started"] * 2, "both")
        assert [node.path for node in nodes(stead)] == [".groovy/default", ".groovy/other"]
        assert len({node.detail["pid"] for node in nodes(stead)} & set(jvms(stead))) == 2
        assert stead.post(body("one")) == 200
    finally:
        stead.end()
