"""instance.toml."""

from pathlib import Path

from core.catalogue.units import Duration, Size
from core.config.home import Home
from core.config.instance import Instance, read_instance


def read(folder: Path, text: str) -> tuple[Instance, list[str]]:
    home = Home(folder)
    home.instance_file.write_text(text)
    instance, faults = read_instance(home)
    return instance, [str(fault).removeprefix(f"{home.instance_file}:") for fault in faults]


def test_an_absent_file_means_every_default(tmp_path: Path) -> None:
    instance, faults = read_instance(Home(tmp_path))
    assert faults == []
    assert instance.journal.segment == Size("64 MiB")
    assert instance.journal.free_disk == Size("512 MiB")
    assert instance.retention.age == Duration("7 d")
    assert instance.retention.size == Size("5 GiB")
    assert instance.control.group is None
    assert instance.control.admins == ()


def test_what_is_written_holds(tmp_path: Path) -> None:
    text = '[control]\ngroup = "ops"\nadmins = ["ann", "@netops"]\n[retention]\nage = "12 h"\n'
    instance, faults = read(tmp_path, text)
    assert faults == []
    assert instance.control.group == "ops"
    assert instance.control.admins == ("ann", "@netops")
    assert instance.retention.age == 12 * 3600
    assert instance.retention.size == Size("5 GiB")


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    text = '[contol]\n\n[journal]\n# small\nsegment = 64\nfree_disc = "1 GiB"\n[retention]\nage = "7 x"\n'
    instance, faults = read(tmp_path, text)
    assert faults == [
        "1: contol: is not known here; did you mean control?",
        '5: journal.segment: 64 has no unit: write it as text, as in "64 KiB"',
        "6: journal.free_disc: is not a setting; did you mean free_disk?",
        "8: retention.age: '7 x' is not a time: write a number and ms, s, min, h or d, as in 10 s",
    ]
    assert instance.journal.segment == Size("64 MiB")


def test_a_syntax_error_is_a_fault_with_its_line(tmp_path: Path) -> None:
    _, faults = read(tmp_path, "[control]\ngroup = ops\n")
    assert faults == ["2: is no TOML: invalid value (column 9)"]


def test_a_file_in_another_encoding_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "instance.toml").write_bytes(b"[control]\ngroup = '\xff'\n")
    _, faults = read_instance(Home(tmp_path))
    assert [str(fault) for fault in faults] == [
        f"{tmp_path / 'instance.toml'}:2: is not UTF-8: save the file in that encoding"
    ]


def test_a_table_written_as_a_value_is_a_fault(tmp_path: Path) -> None:
    _, faults = read(tmp_path, "journal = 3\n")
    assert faults == ["1: journal: is not a table"]


def test_where_groovy_is_found_is_checked(tmp_path: Path) -> None:
    text = '[groovy]\njava_home = "jdk"\nisolation = "tenants"\n'
    _, faults = read(tmp_path, text)
    assert faults == [
        "2: groovy.java_home: 'jdk' is no path from the root: write one such as /usr/lib/jvm/default-java",
        "3: groovy.isolation: 'tenants' is none of engine, tenant; did you mean tenant?",
    ]
    _, faults = read(tmp_path, '[groovy]\njars = ["/opt/a.jar", "b.jar"]\n')
    assert faults == ["2: groovy.jars: 'b.jar' is no JAR file's path from the root"]
