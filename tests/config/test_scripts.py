"""A tenant's scripts: whose they are, that names stay inside, and what is wrong with them."""

from pathlib import Path

import pytest

from core.catalogue import contracts
from core.config.home import Home
from core.config.script_check import check_script
from core.config.scripts import ScriptStore
from core.errors import Conflict, NotFound, TidegateError

DECODE = "def decode(payload, metadata, events, logger):\n    pass\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    (home.scripts / "shared.py").write_text(DECODE)
    (home.scripts / "both.py").write_text("shared = 1\n")
    own = home.tenant_scripts("default")
    (own / "lora").mkdir(parents=True)
    (own / "both.py").write_text("own = 1\n")
    (own / "lora" / "decode.py").write_text(DECODE)
    (own / "__pycache__").mkdir()
    (own / "__pycache__" / "both.cpython-311.pyc").write_bytes(b"\x00")
    (own / ".hidden.py").write_text("")
    return home


@pytest.fixture
def scripts(home: Home) -> ScriptStore:
    return ScriptStore(home, "default", {"both.py": ["event_sources/lora/decoder"]}, {"both.py": [contracts.DECODE]})


def test_a_tenants_own_scripts_hide_shared_ones(home: Home, scripts: ScriptStore) -> None:
    listed = {info.name: info for info in scripts.list()}
    assert {name: info.scope for name, info in listed.items()} == {
        "both.py": "tenant",
        "lora/decode.py": "tenant",
        "shared.py": "instance",
    }
    assert listed["both.py"].used_by == ["event_sources/lora/decoder"]
    assert listed["both.py"].fault is not None
    assert listed["both.py"].fault.message == "has no function decode(payload, metadata, events, logger)"
    assert listed["shared.py"].fault is None
    assert scripts.read("both.py").text == "own = 1\n"
    assert scripts.read("both.py").revision == listed["both.py"].revision
    assert scripts.find("both.py") == home.tenant_scripts("default") / "both.py"
    assert scripts.find("shared.py") == home.scripts / "shared.py"
    assert scripts.find("none.py") is None


def test_a_name_that_is_not_there_has_a_near_one(scripts: ScriptStore) -> None:
    with pytest.raises(NotFound, match=r"no script share\.py; did you mean shared\.py\?"):
        scripts.read("share.py")


def test_a_script_is_written_once_and_then_only_over_what_was_read(home: Home, scripts: ScriptStore) -> None:
    made = scripts.write("new/one.py", DECODE, None)
    assert made.scope == "tenant"
    assert (home.tenant_scripts("default") / "new" / "one.py").read_text() == DECODE
    with pytest.raises(Conflict, match="already"):
        scripts.write("new/one.py", "", None)
    changed = scripts.write("new/one.py", "x = 1\n", made.revision)
    with pytest.raises(Conflict, match="changed meanwhile"):
        scripts.write("new/one.py", "x = 2\n", made.revision)
    assert scripts.read("new/one.py").text == "x = 1\n"
    (home.tenant_scripts("default") / "new" / "one.py").unlink()
    with pytest.raises(Conflict, match="removed meanwhile"):
        scripts.write("new/one.py", "x = 3\n", changed.revision)


def test_a_shared_script_is_changed_where_it_is(home: Home, scripts: ScriptStore) -> None:
    read = scripts.read("shared.py")
    assert scripts.write("shared.py", "# changed\n", read.revision).scope == "instance"
    assert (home.scripts / "shared.py").read_text() == "# changed\n"
    with pytest.raises(Conflict, match="that all tenants share"):
        scripts.write("shared.py", "", None)


def test_a_script_that_cannot_run_is_saved_with_its_fault(scripts: ScriptStore) -> None:
    saved = scripts.write("broken.py", "def decode(:\n", None)
    assert saved.fault is not None
    assert str(saved.fault) == "broken.py:1: invalid syntax"
    assert scripts.read("broken.py").fault == saved.fault


@pytest.mark.parametrize(
    "name", ["../x.py", "/etc/passwd", "a/../../x.py", "", "a//b.py", ".x.py", "a\x1b.py", "a\\b.py"]
)
def test_no_name_leads_out(scripts: ScriptStore, name: str) -> None:
    for call in (scripts.find, scripts.read, lambda name: scripts.write(name, "", None)):
        with pytest.raises(TidegateError, match="is no name for a script"):
            call(name)


def test_no_link_leads_out(home: Home, scripts: ScriptStore, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("secret = 1\n")
    own = home.tenant_scripts("default")
    (own / "link.py").symlink_to(tmp_path / "outside" / "secret.py")
    (own / "folder").symlink_to(tmp_path / "outside")
    assert {"link.py", "folder/secret.py"}.isdisjoint(info.name for info in scripts.list())
    for name in ("link.py", "folder/secret.py"):
        with pytest.raises(TidegateError, match="leads out"):
            scripts.read(name)
    with pytest.raises(TidegateError, match="leads out"):
        scripts.write("folder/new.py", "", None)
    assert not (tmp_path / "outside" / "new.py").exists()
    (own / "inner.py").symlink_to(home.scripts / "shared.py")
    assert scripts.read("inner.py").text == DECODE


def test_what_is_no_text_is_listed_with_its_fault(home: Home, scripts: ScriptStore) -> None:
    (home.scripts / "binary.py").write_bytes(b"\xff\xfe")
    info = next(info for info in scripts.list() if info.name == "binary.py")
    assert info.fault is not None
    assert info.fault.message == "is not UTF-8 text"
    with pytest.raises(TidegateError, match=r"binary\.py is not UTF-8 text"):
        scripts.read("binary.py")


@pytest.mark.parametrize(
    "text",
    [
        DECODE,
        "def decode(payload, metadata, events, logger, state, respond): pass\n",
        "def decode(payload, metadata, events, logger, respond=None, *, limit=3): pass\n",
        "def decode(**everything): pass\n",
        "from shared import decode\n",
        "from shared import *\n",
        "decode = make()\n",
        "try:\n    from fast import decode\nexcept ImportError:\n    decode = slow\n",
        "if True:\n    def decode(payload, metadata, events, logger): pass\n",
        r"x = '\d'" + "\n" + DECODE,
    ],
)
def test_good_decoders(text: str) -> None:
    assert check_script("lora.py", text, [contracts.DECODE]) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = 1\n\n  y = 2\n", "lora.py:3: unexpected indent"),
        ("def decoder(payload): pass\n", "lora.py: has no function decode(payload, metadata, events, logger)"),
        ("\nasync def decode(payload): pass\n", "lora.py:2: decode is an async function: write it with def alone"),
        ("class decode: pass\n", "lora.py:1: decode is a class: write a function"),
        (
            "# one\ndef decode(data, metadata, events, logger): pass\n",
            "lora.py:2: decode takes data: its arguments are payload, metadata, events, logger and, where wanted, "
            "state and respond",
        ),
        (
            "def decode(payload): pass\n",
            "lora.py:1: decode does not take metadata: its arguments are payload, metadata, events, logger and, "
            "where wanted, state and respond",
        ),
        ("return 1\n", "lora.py:1: 'return' outside function"),
        ("x = 1\ny = '\x00'\n", "lora.py:2: holds a null byte"),
    ],
)
def test_faults_name_their_line(text: str, fault: str) -> None:
    assert str(check_script("lora.py", text, [contracts.DECODE])) == fault


@pytest.mark.parametrize("text", ["(" * 5000, "x = " + "-" * 100_000 + "1", "\ud800"])
def test_what_the_compiler_gives_up_on_is_a_fault(text: str) -> None:
    fault = check_script("lora.py", text)
    assert fault is not None
    assert fault.file == "lora.py"


def test_only_decoders_need_a_decode_and_only_python_is_looked_into() -> None:
    assert check_script("helper.py", "x = 1\n") is None
    assert check_script("decode.groovy", "def x = [", [contracts.DECODE]) is None
