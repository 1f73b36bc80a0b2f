"""`tidegate script`: the templates, and scripts that are made of them."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.tidegate import Homestead, tidegate
from tests.scripting.webhooks import own


def test_templates_are_listed_and_shown() -> None:
    listed = tidegate("script", "templates", "--json").objects
    names = [row["name"] for row in listed]
    assert {"tts_v3", "chirpstack_v4", "sigfox", "owntracks", "decode"} <= set(names)
    assert names == sorted(names)
    assert all(row["title"] for row in listed)
    (shown,) = tidegate("script", "templates", "osmand", "--json").objects
    assert "def decode(payload: bytes" in shown["text"]
    plain = tidegate("script", "templates", "osmand.py")
    assert plain.out == shown["text"]


def test_a_script_is_made_of_a_template_and_never_over_another(home: Homestead) -> None:
    scripts = home.path / "tenants" / "default" / "scripts"
    made = home("script", "new", "default", "meters/uplinks.py", "--template", "tts_v3")
    assert (made.status, made.out) == (0, "made; a decoder names it as script=meters/uplinks.py\n")
    text = (scripts / "meters" / "uplinks.py").read_text()
    assert text.startswith('"""The Things Stack v3')
    again = home("script", "new", "default", "meters/uplinks.py", "--template", "sigfox")
    assert again.status == 1
    assert "there is a script meters/uplinks.py already" in again.err
    assert (scripts / "meters" / "uplinks.py").read_text() == text
    used = home("set", "default", "event_sources/lora/decoder", "script=meters/uplinks.py", "--apply")
    assert used.status == 0, used.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("new", "default", "a.py", "--template", "tts3"), "there is no template tts3; did you mean tts_v3?"),
        (("new", "default", "a.groovy", "--template", "tts_v3"), "it must end in .py"),
        (("new", "default", "../a.py", "--template", "tts_v3"), "../a.py"),
        (("new", "nowhere", "a.py", "--template", "tts_v3"), "nowhere"),
        (("templates", "lorriot"), "did you mean loriot?"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_line(home: Homestead, arguments: tuple[str, ...], said: str) -> None:
    done = home("script", *arguments) if arguments[0] == "new" else tidegate("script", *arguments)
    assert done.status == 1
    assert said in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page's commands make a key with openssl")
def test_the_commands_of_the_webhooks_page_make_a_source_that_decodes(home: Homestead) -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    first, _, set_methods, *_ = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    for line in first.splitlines():
        made, _, command = line.rpartition("| ")
        key = subprocess.run(shlex.split(made), capture_output=True, check=True).stdout if made else b""
        done = tidegate(*shlex.split(command)[1:], input=key, TIDEGATE_HOME=str(home.path))
        assert done.status == 0, done.err
    uplink = next(row for row in own() if row["network"] == "tts_v3")
    tried = home("decode", "default/ttn", "--json", input=uplink["body"].encode())
    assert [event["hardwareId"] for event in tried.objects] == ["00AA11BB22CC33DD"] * 2
    handler = shlex.split(set_methods)[2:]
    assert handler == ["default", "event_sources/osmand/interaction_handler", 'methods=["GET", "POST"]', "--apply"]
    methods = home("set", "default", "event_sources/ttn/interaction_handler", *handler[2:])
    assert methods.status == 0, methods.err
