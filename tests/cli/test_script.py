"""`tidegate script`: the templates, and scripts that are made of them."""

import pytest

from tests.cli.tidegate import Homestead, tidegate


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
