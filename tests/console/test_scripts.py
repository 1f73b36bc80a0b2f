"""Scripts by keys: chosen, made from a template, edited in $EDITOR, with their faults."""

from pathlib import Path

import pytest

from tests.cli.tidegate import Homestead
from tests.console.test_forms import open_lora
from tests.console.walker import Walker, walking


@pytest.fixture
def home(restored_home: Homestead) -> Homestead:
    return restored_home


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that does to its file what the file here says; it edits nothing until that is written."""
    does = tmp_path / "does.py"
    does.write_text("")
    command = tmp_path / "editor"
    command.write_text(f'#!/bin/sh\nexec python3 {does} "$1"\n')
    command.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(command))
    return does


def write(editor: Path, text: str) -> None:
    """The editor's next file will hold `text`."""
    editor.write_text(f"import sys\nopen(sys.argv[1], 'w').write({text!r})\n")


async def open_decoder(walker: Walker) -> None:
    await open_lora(walker)
    await walker.press(*["tab"] * 5, "enter")
    await walker.sees("Script path", "decode_lora.py")


async def test_a_script_is_edited_and_acts_when_saved(home: Homestead, editor: Path) -> None:
    write(editor, "def decode(payload, metadata, events, logger):\n    events.alert('d1', 'test', 'edited')\n")
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("e")
        await walker.sees("saved decode_lora.py; it acts at once")
        await walker.until(lambda: home.post(b"x") == 200, "the edited script to act")
        await walker.press("e")
        await walker.sees("decode_lora.py was left as it was")


async def test_a_script_that_does_not_compile_is_told_with_its_line(home: Homestead, editor: Path) -> None:
    write(editor, "import json\n\ndef decode(:\n")
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("e")
        await walker.sees("decode_lora.py line 3", "the last good one stays in use")
        await walker.sees("! decode_lora.py line 3: invalid syntax")
        assert home.post(b'{"id": 1}') == 200
        write(editor, "def decode(payload, metadata, events, logger):\n    pass\n")
        await walker.press("e")
        await walker.sees("saved decode_lora.py; it acts at once")
        await walker.sees_no("invalid syntax")


async def test_a_script_that_somebody_else_saved_meanwhile_is_not_overwritten(home: Homestead, editor: Path) -> None:
    script = next((home.path / "tenants" / "default" / "scripts").glob("decode_lora.py"))
    mine = "def decode(payload, metadata, events, logger):\n    events.alert('d1', 'test', 'mine')\n"
    editor.write_text(
        f"import sys\nopen({str(script)!r}, 'a').write('# theirs\\n')\nopen(sys.argv[1], 'w').write({mine!r})\n"
    )
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("e")
        await walker.sees("Somebody else saved this script")
        assert "# theirs" in script.read_text()
        editor.write_text("")
        await walker.press("o")
        await walker.sees("saved decode_lora.py")
    assert script.read_text() == mine


async def test_a_script_is_made_from_a_template(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("enter")
        await walker.sees("this tenant's scripts", "New from template: decode.py")
        await walker.type("empty")
        await walker.press("enter")
        await walker.sees("made decode.py from the template")
        assert "decode.py" in walker.line("Script path")
        assert "✕" not in walker.line("Script path")
    assert (home.path / "tenants" / "default" / "scripts" / "decode.py").is_file()


async def test_a_template_is_found_among_many_by_a_word_of_its_network(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("enter")
        await walker.sees("this tenant's scripts")
        await walker.type("things stack")
        await walker.sees("New from template: tts_v3.py")
        await walker.sees_no("New from template: chirpstack_v4.py")
        await walker.press("enter")
        made = home.path / "tenants" / "default" / "scripts" / "tts_v3.py"
        await walker.until(lambda: made.exists() and "frm_payload" in made.read_text(), "the script to be made")
        await walker.until(lambda: "✕" not in walker.line("Script path"), "the script to be checked")


async def test_a_component_is_edited_as_toml_with_its_comments(home: Homestead, editor: Path) -> None:
    editor.write_text(
        "import sys\ntext = open(sys.argv[1]).read()\nassert '# threads = 2' in text\n"
        "text = text.replace('# threads = 2', 'threads = 2').replace('\"lora\"', '\"tracker\"')\n"
        "open(sys.argv[1], 'w').write(text)\n"
    )
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press(*["tab"] * 4, "e")
        await walker.sees("what was saved is in this draft", "Socket Event Source (tracker)")
        assert " 2 " in walker.line("Number of threads")


async def test_toml_that_is_none_is_refused_with_its_line(home: Homestead, editor: Path) -> None:
    write(editor, 'type = "socket"\nport = = 1\n')
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press(*["tab"] * 4, "e")
        await walker.sees("is no TOML", "line 2")
        assert str(home.port) in walker.line("Port")


async def test_the_whole_file_is_edited_from_the_tenants_page(home: Homestead, editor: Path) -> None:
    write(editor, '[tenant]\nid = "default"\nname = "By hand"\n')
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        await walker.press("e")
        await walker.sees("what was saved is this draft", "none yet")


async def test_an_editor_that_is_missing_is_named(home: Homestead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "/nowhere/ed")
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("e")
        await walker.sees("/nowhere/ed cannot be run: No such file or directory; set $EDITOR")
