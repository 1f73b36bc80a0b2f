"""Compiling scripts in the sidecar: what is wrong in them, what they need of the folders, and when anew."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.errors import Fault
from core.groovy import discovery
from core.groovy.build import Built
from core.groovy.jvm_process import java_command
from tests.groovy.jvm import Client, Jvm

HELPER = """
package acme
class Helper {
    static String device() { "%s" }
    static fail() { throw new RuntimeException("helper") }
}
"""
USER = """
import acme.Helper
events << new DecodedDeviceRequest(Helper.device(), null, new DeviceAlertCreateRequest())
if (payload) Helper.fail()
"""


@pytest.fixture(scope="module")
def jvm(built: Built) -> Iterator[Jvm]:
    jvm = Jvm(built)
    yield jvm
    jvm.close()


@pytest.fixture
def client(jvm: Jvm, tmp_path: Path) -> Iterator[Client]:
    shared = tmp_path / "shared scripts"
    folder = tmp_path / "scripts"
    (shared / "acme").mkdir(parents=True)
    folder.mkdir()
    client = Client(jvm, folder, shared)
    yield client
    client.close()


def test_all_that_is_wrong_is_told_with_its_line(client: Client) -> None:
    failure = client.refused("bad.groovy", "def a = 1\nMissing m = null\nnew Absent()\n")
    assert (failure.file, failure.line, failure.column > 0) == ("bad.groovy", 2, True)
    assert failure.reason == "unable to resolve class Missing"
    assert failure.faults == [
        Fault(message="unable to resolve class Missing", file="bad.groovy", line=2),
        Fault(message="unable to resolve class Absent", file="bad.groovy", line=3),
    ]
    syntax = client.refused("bad.groovy", "def a = (\n")
    assert (syntax.line > 0, bool(syntax.reason)) == (True, True)
    assert client.refused("absent.groovy").reason == "no such script in the scripts folders"
    assert client.refused("../out.groovy").reason == "no such script in the scripts folders"
    assert client.refused("only.groovy", "class A { }").reason == "has no statements to run, only classes"


def test_a_script_is_compiled_again_when_it_or_what_it_needs_has_changed(client: Client) -> None:
    shared = client.folder.parent / "shared scripts" / "acme" / "Helper.groovy"
    shared.write_text(HELPER % "one")
    old = client.script(USER)
    first = client.loaded("decode.groovy")
    assert client.run(old).events[0].hardware_id == "one"
    assert client.loaded("decode.groovy").version == first.version
    failure = client.fails(old, b"x")
    assert (failure.file, failure.line, failure.reason) == ("acme/Helper.groovy", 5, "helper")
    shared.write_text(HELPER % "two")
    second = client.loaded("decode.groovy")
    assert second.version != first.version
    assert client.run(second.handle).events[0].hardware_id == "two"
    assert client.run(old).events[0].hardware_id == "one"
    shared.write_text("package acme\nclass Helper { static String device() { \n")
    broken = client.refused("decode.groovy")
    assert broken.file == "acme/Helper.groovy"
    assert client.run(second.handle).events[0].hardware_id == "two"
    own = client.folder / "acme" / "Helper.groovy"
    own.parent.mkdir()
    own.write_text(HELPER % "own")
    assert client.run(client.load("decode.groovy")).events[0].hardware_id == "own"


def test_the_version_is_of_the_text(client: Client) -> None:
    (client.folder / "a.groovy").write_text("events = []")
    (client.folder / "b.groovy").write_text("events = []")
    assert client.loaded("a.groovy").version == client.loaded("b.groovy").version
    assert len(client.loaded("a.groovy").version) == 6


def test_a_class_that_java_has_no_more_is_found_or_its_package_named(client: Client) -> None:
    text = "import javax.xml.bind.DatatypeConverter\nprint DatatypeConverter.printHexBinary(payload)\n"
    if (discovery.JAR_FOLDER / "jaxb-api.jar").exists():
        assert client.run(client.script(text), b"\x01\xff").extras.log == "01FF"
    else:
        assert "apt install libjaxb-api-java" in client.refused("digits.groovy", text).reason


def test_scripts_of_other_folders_do_not_meet(jvm: Jvm, client: Client, tmp_path: Path) -> None:
    helper = client.folder / "acme" / "Helper.groovy"
    helper.parent.mkdir()
    helper.write_text(HELPER % "mine")
    handle = client.script(USER)
    theirs = tmp_path / "theirs"
    (theirs / "acme").mkdir(parents=True)
    (theirs / "acme" / "Helper.groovy").write_text(HELPER % "theirs")
    other = Client(jvm, theirs)
    assert other.run(other.script(USER)).events[0].hardware_id == "theirs"
    assert client.run(handle).events[0].hardware_id == "mine"
    other.close()


def test_scripts_in_folders_and_with_odd_names(client: Client) -> None:
    (client.folder / "coap").mkdir()
    (client.folder / "coap" / "parse-simple.groovy").write_text("\nthrow new Exception('here')")
    failure = client.fails(client.load("coap/parse-simple.groovy"))
    assert (failure.file, failure.line) == ("coap/parse-simple.groovy", 2)


def test_checking_without_an_engine(built: Built, tmp_path: Path) -> None:
    (tmp_path / "good.groovy").write_text("events = []")
    (tmp_path / "bad.groovy").write_text("events = []\nnew Absent()")

    def check(*names: str) -> tuple[int, list[Fault]]:
        command = [*java_command(built), "--check", str(tmp_path), os.devnull, "--", *names]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        (line,) = done.stdout.splitlines()
        return done.returncode, msgspec.json.decode(line, type=dict[str, list[Fault]])["faults"]

    assert check("good.groovy") == (0, [])
    fault = Fault(message="unable to resolve class Absent", file="bad.groovy", line=2)
    assert check("good.groovy", "bad.groovy") == (1, [fault])
