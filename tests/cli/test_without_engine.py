"""The commands that work in place where no engine runs."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.tidegate import TUTORIAL_BODY, Homestead, free_port, tidegate


def test_init_makes_a_home_that_is_ready(home: Homestead) -> None:
    text = (home.path / "tenants" / "default" / "tenant.toml").read_text()
    (source,) = tomllib.loads(text)["device_communication"]["event_sources"]
    assert (source["id"], source["port"], source["decoder"]["script"]) == ("lora", home.port, "decode_lora.py")
    assert text.count("\n# ") >= 6
    assert home("check").out == f"{home.path}: 1 tenant, 1 event source, 1 script: all is well\n"
    assert home("diff", "default").out == "nothing is staged\n"


def test_init_says_what_to_do_next(tmp_path: Path) -> None:
    done = tidegate("init", "--home", str(tmp_path / "new"))
    assert f"tidegate serve --home {tmp_path / 'new'}" in done.out
    assert "http://localhost:8484/lora" in done.out
    (second,) = tidegate("init", "--home", str(tmp_path / "new"), "--tenant", "b", "--json").objects
    assert second["port"] == 8485


def test_init_does_not_touch_a_tenant_that_is_there(home: Homestead) -> None:
    before = (home.path / "tenants" / "default" / "tenant.toml").read_text()
    done = home("init")
    assert done.status == 1
    assert "there is a tenant default already" in done.err
    assert (home.path / "tenants" / "default" / "tenant.toml").read_text() == before


@pytest.mark.parametrize("tenant", ["../away", "", "-x", "a" * 65])
def test_init_refuses_what_is_no_id(tmp_path: Path, tenant: str) -> None:
    done = tidegate("init", "--home", str(tmp_path / "home"), "--tenant", tenant)
    assert done.status == 1
    assert "is no id" in done.err


def test_check_names_every_fault_with_its_line(home: Homestead) -> None:
    folder = home.path / "tenants" / "default"
    file = folder / "tenant.toml"
    file.write_text(file.read_text().replace("port =", "prot =").replace('"http"', '"htp"'))
    (folder / "scripts" / "decode_lora.py").write_text("def decode(payload:\n")
    done = home("check")
    assert done.status == 1
    assert "tenant.toml:12: event_sources.lora.prot: is not a setting; did you mean port?" in done.err
    assert "'htp' is no known type; did you mean http?" in done.err
    assert "decode_lora.py:1" in done.err
    assert all(line.startswith("tidegate: ") for line in done.err.splitlines())
    (checked,) = home("check", "--json").objects
    assert len(checked["faults"]) == len(done.err.splitlines())


def test_check_finds_scripts_that_are_missing_and_ports_taken_twice(home: Homestead) -> None:
    assert home("init", "--tenant", "other", "--port", str(home.port)).status == 0
    (home.path / "tenants" / "other" / "scripts" / "decode_lora.py").rename(
        home.path / "tenants" / "other" / "scripts" / "decode_lor.py"
    )
    told = home("check").err
    assert "there is no script 'decode_lora.py'; did you mean decode_lor.py?" in told
    assert f"other.lora.port: {home.port} is default/lora's already" in told


def test_a_home_that_is_none(tmp_path: Path) -> None:
    done = tidegate("check", "--home", str(tmp_path / "nothing"))
    assert done.status == 1
    assert "`tidegate init` makes one" in done.err
    assert not (tmp_path / "nothing").exists()


def test_a_decoder_is_tried_on_stdin_and_on_a_file(home: Homestead, tmp_path: Path) -> None:
    done = home("decode", "default/lora", input=TUTORIAL_BODY)
    assert done.out.splitlines()[0] == "278998  Measurements  rssi -111.0  snr -6.0"
    assert "device 278998" in done.err
    file = tmp_path / "payload"
    file.write_bytes(b'{"rssi": -3}')
    failed = home("decode", "default/lora", str(file))
    assert (failed.status, failed.out) == (1, "")
    assert "JSON is missing the id" in failed.err


@pytest.mark.parametrize("source", ["default/nobody", "nobody/lora"])
def test_a_source_that_is_not_there(home: Homestead, source: str) -> None:
    done = home("decode", source, input=b"{}")
    assert done.status == 1
    assert "nobody" in done.err
    assert len(done.err.splitlines()) == 1


def test_edits_are_staged_shown_taken_back_and_applied(home: Homestead) -> None:
    port = free_port()
    staged = home("set", "default", "event_sources/lora", f"port={port}", "threads=3")
    assert staged.status == 0, staged.err
    assert f"port {home.port} → {port}" in staged.out
    assert f"+port = {port}" in home("diff", "default").out
    (plan,) = home("diff", "default", "--json").objects
    assert len(plan["changes"]) == 1
    assert home("discard", "default").out == "nothing is staged now\n"
    applied = home("set", "default", "event_sources/lora", f"port={port}", "--apply")
    assert applied.status == 0, applied.err
    assert "at the next start" in applied.out
    text = (home.path / "tenants" / "default" / "tenant.toml").read_text()
    assert f"port = {port}" in text
    assert "# Where device data comes in." in text
    assert home("apply", "default").out == "nothing to apply\n"


def test_values_are_read_as_their_settings_are(home: Homestead) -> None:
    handler = "event_sources/lora/interaction_handler"
    done = home("set", "default", handler, "methods=POST, PUT", "max_body=2 MiB", "success_body=Thanks")
    assert done.status == 0, done.err
    (plan,) = home("diff", "default", "--json").objects
    assert '+methods = ["POST", "PUT"]' in plan["diff"]
    assert '+max_body = "2 MiB"' in plan["diff"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "default", "event_sources/lora", "port=84841"], "84841 is more than 65535"),
        (["set", "default", "event_sources/lora", "prot=1"], "did you mean port?"),
        (["set", "default", "event_sources/lara", "port=1"], "did you mean event_sources/lora?"),
        (["add", "default", "event_sources", "sockets", "id=x"], "did you mean socket?"),
        (["add", "default", "event_sources/lora/decoder", "json"], "is filled already"),
        (["remove", "default", "event_sources/nobody"], "there is no event_sources/nobody"),
        (["set", "nobody", "tenant", "name=x"], "there is no tenant nobody"),
    ],
)
def test_edits_that_cannot_be_made(home: Homestead, arguments: list[str], words: str) -> None:
    done = home(*arguments)
    assert (done.status, done.out) == (1, "")
    assert words in done.err
    assert home("diff", "default").out == "nothing is staged\n"


def test_nothing_received_is_nothing_printed(home: Homestead) -> None:
    for command in ("events", "requests"):
        done = home(command)
        assert (done.status, done.out, done.err) == (0, "", "")


def test_the_schema_knows_every_setting(home: Homestead) -> None:
    schema = json.loads(tidegate("schema").out)
    socket = schema["$defs"]["event_source.socket"]
    assert socket["properties"]["port"] == {
        "title": "Port",
        "description": "where devices connect",
        "type": "integer",
        "minimum": 1,
        "maximum": 65535,
        "default": 8484,
    }
    assert {"type", "id", "interaction_handler", "decoder"} <= set(socket["required"])
    assert schema["properties"]["device_communication"]["properties"]["event_sources"]["items"]["$ref"]
