"""`tidegate import sitewhere` and `import.sitewhere`: what is made, what is staged, what is refused."""

import asyncio
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.control.client import connected
from core.control.importing import Imported, ImportSitewhere
from tests.cli.tidegate import Homestead, free_port
from tests.sitewhere.documents import TEMPLATES, of_sources

JSON_BODY = b'{"hardwareId": "d1", "type": "DeviceMeasurements", "request": {"measurements": {"rssi": -111}}}'


@pytest.fixture
def stead(tmp_path: Path) -> Iterator[Homestead]:
    """A place for a home that is not there yet."""
    homestead = Homestead(tmp_path / "home", free_port())
    yield homestead
    homestead.end()


@pytest.fixture
def conf(tmp_path: Path, stead: Homestead) -> Path:
    """SiteWhere's folder of a tenant with a JSON source on the stead's port."""
    folder = tmp_path / "conf"
    (folder / "scripts" / "groovy" / "lora").mkdir(parents=True)
    (folder / "scripts" / "groovy" / "lora" / "decode.groovy").write_text("events.clear()\n")
    (folder / "scripts" / "groovy" / "other.groovy").write_text("// nobody names it\n")
    (folder / "sitewhere-tenant.properties").write_text(f"json.port={stead.port}\nmqtt.host=broker\n")
    (folder / "sitewhere-tenant.xml").write_bytes(of_sources(json_source()))
    return folder


@pytest.fixture
def groovy_conf(conf: Path) -> Path:
    """The same with a second source, whose decoder is a script."""
    (conf / "sitewhere-tenant.xml").write_bytes(of_sources(json_source(), groovy_source("lora/decode.groovy")))
    return conf


def json_source(port: str = "${json.port}") -> str:
    inner = "<sw:json-device-request-decoder/><sw:http-interaction-handler-factory/>"
    return f'<sw:socket-event-source sourceId="json" port="{port}">{inner}</sw:socket-event-source>'


def groovy_source(script: str) -> str:
    inner = f'<sw:groovy-event-decoder scriptPath="{script}"/><sw:http-interaction-handler-factory/>'
    return f'<sw:socket-event-source sourceId="lora" port="{free_port()}">{inner}</sw:socket-event-source>'


def options(conf: Path) -> list[str]:
    properties = ["--properties", str(conf / "sitewhere-tenant.properties")]
    return [str(conf / "sitewhere-tenant.xml"), "--tenant", "site-a", *properties, "--scripts", str(conf / "scripts")]


def folder(stead: Homestead) -> Path:
    return stead.path / "tenants" / "site-a"


def test_a_new_tenant_is_made_with_it_staged(stead: Homestead, groovy_conf: Path) -> None:
    done = stead("import", "sitewhere", *options(groovy_conf))
    assert (done.status, done.err) == (0, "")
    assert "made site-a with this staged" in done.out
    assert "`tidegate apply site-a` makes it active" in done.out
    staged = tomllib.loads((folder(stead) / "staged.toml").read_text())
    assert staged["device_communication"]["event_sources"][0]["port"] == stead.port
    assert "device_communication" not in tomllib.loads((folder(stead) / "tenant.toml").read_text())
    scripts = folder(stead) / "scripts"
    assert [path.relative_to(scripts).as_posix() for path in scripts.rglob("*.groovy")] == ["lora/decode.groovy"]
    report = (folder(stead) / "import-report.txt").read_text()
    assert "Carried over" in report
    assert "script lora/decode.groovy\n      copied for lora/decoder" in report


def test_a_dry_run_keeps_nothing(stead: Homestead, groovy_conf: Path) -> None:
    done = stead("import", "sitewhere", *options(groovy_conf), "--dry-run")
    assert done.status == 0
    assert "Nothing was kept. tenant.toml would be:" in done.out
    assert 'script = "lora/decode.groovy"' in done.out
    assert not stead.path.exists()


def test_json_is_the_result_of_the_control_method(stead: Homestead, conf: Path) -> None:
    [imported] = stead("import", "sitewhere", *options(conf), "--json", "--name", "Werk Süd").objects
    assert (imported["tenant"], imported["name"], imported["kept"], imported["makes"]) == (
        "site-a",
        "Werk Süd",
        True,
        True,
    )
    assert imported["text"] == (folder(stead) / "staged.toml").read_text()
    assert {line["kind"] for line in imported["report"]} >= {"carried", "changed"}


def test_what_is_imported_runs_when_it_is_applied(stead: Homestead, conf: Path) -> None:
    (conf / "sitewhere-tenant.xml").write_bytes(of_sources(json_source()))
    assert stead("init", "--port", str(free_port())).status == 0
    stead.serve()
    assert stead("import", "sitewhere", *options(conf)).status == 0
    assert stead("apply", "site-a").status == 0
    assert stead.post(JSON_BODY) == 200
    [event] = stead("events", "--tenant", "site-a", "--json").objects
    assert (event["hardwareId"], event["measurements"]) == ("d1", {"rssi": -111.0})


def test_a_tenant_that_is_there_goes_on_as_it_is(stead: Homestead, conf: Path) -> None:
    assert stead("init", "--tenant", "site-a", "--name", "Werk", "--port", str(stead.port)).status == 0
    before = (folder(stead) / "tenant.toml").read_text()
    done = stead("import", "sitewhere", *options(conf))
    assert "staged for site-a" in done.out
    assert (folder(stead) / "tenant.toml").read_text() == before
    assert 'name = "Werk"' in (folder(stead) / "staged.toml").read_text()
    diff = stead("diff", "site-a").out
    assert "+ source json" in diff


def test_what_somebody_staged_is_not_overwritten(stead: Homestead, conf: Path) -> None:
    assert stead("init", "--tenant", "site-a", "--port", str(stead.port)).status == 0
    assert stead("set", "site-a", "tenant", "name=Other").status == 0
    staged = (folder(stead) / "staged.toml").read_text()
    done = stead("import", "sitewhere", *options(conf))
    assert (done.status, done.out) == (1, "")
    assert "changes are staged for site-a already: apply or discard them first" in done.err
    assert (folder(stead) / "staged.toml").read_text() == staged


def test_a_second_import_brings_what_was_missing_and_overwrites_no_script(stead: Homestead, groovy_conf: Path) -> None:
    given = options(groovy_conf)
    assert stead("import", "sitewhere", *given[:-2]).status == 0
    assert "no scripts folder was given" in (folder(stead) / "import-report.txt").read_text()
    assert stead("import", "sitewhere", *given).status == 0
    script = folder(stead) / "scripts" / "lora" / "decode.groovy"
    assert script.read_text() == "events.clear()\n"
    script.write_text("// mine\n")
    done = stead("import", "sitewhere", *given)
    assert "the tenant has another of that name, which was kept" in done.out
    assert script.read_text() == "// mine\n"


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.unlink(), "it is not in "),
        (lambda path: path.write_bytes(b"ok\n\xff"), "it is not UTF-8 at line 2"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "it leads out of "),
    ],
    ids=["absent", "Latin-1", "link"],
)
def test_a_script_that_cannot_be_copied_is_missing(
    stead: Homestead, groovy_conf: Path, prepare: Callable[[Path], object], words: str
) -> None:
    prepare(groovy_conf / "scripts" / "groovy" / "lora" / "decode.groovy")
    done = stead("import", "sitewhere", *options(groovy_conf))
    assert done.status == 0
    assert f"lora/decoder needs it; {words}" in done.out
    assert not list((folder(stead) / "scripts").rglob("*.groovy"))
    assert "lora/decode.groovy" in done.out


def test_all_that_stays_behind_is_listed(stead: Homestead, conf: Path) -> None:
    (conf / "sitewhere-tenant.xml").write_bytes(TEMPLATES["airtraffic"])
    done = stead("import", "sitewhere", *options(conf))
    assert done.out.count("left out") > 15
    assert "ActiveMQ Event Source" in done.out
    assert '# hostname = "broker"' in (folder(stead) / "staged.toml").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"0": "nowhere.xml"}, "cannot read nowhere.xml"),
        ({"2": "site a"}, "is no id"),
        ({"6": "nowhere"}, "there is no folder nowhere"),
        ({"4": "nowhere.properties"}, "cannot read nowhere.properties"),
    ],
)
def test_what_cannot_be_imported_says_why_and_makes_nothing(
    stead: Homestead, conf: Path, change: dict[str, str], words: str
) -> None:
    given = [change.get(str(place), text) for place, text in enumerate(options(conf))]
    done = stead("import", "sitewhere", *given)
    assert (done.status, done.out) == (1, "")
    assert words in done.err
    assert not stead.path.exists()


def test_what_is_no_xml_makes_nothing(stead: Homestead, conf: Path) -> None:
    (conf / "sitewhere-tenant.xml").write_text("[tenant]")
    done = stead("import", "sitewhere", *options(conf))
    assert (done.status, done.err) == (1, "tidegate: this is no XML: syntax error at line 1, column 1\n")
    assert not stead.path.exists()


def test_over_the_control_socket(stead: Homestead, conf: Path) -> None:
    assert stead("init", "--port", str(stead.port)).status == 0
    stead.serve()
    asked = ImportSitewhere(tenant="site-a", xml=of_sources(json_source("8484")), file="a.xml")

    async def both() -> tuple[Imported, Imported]:
        async with connected(stead.path / "data" / "control.sock") as client:
            looked = await client.call("import.sitewhere", asked, Imported)
            assert not folder(stead).exists()
            asked.apply = True
            return looked, await client.call("import.sitewhere", asked, Imported)

    looked, kept = asyncio.run(both())
    assert (looked.kept, kept.kept, looked.text) == (False, True, kept.text)
    assert (folder(stead) / "staged.toml").read_text() == kept.text
