"""How the command comes up: what it loads, and how it refuses what it does not understand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.tidegate import environment, in_a_process, tidegate

COMMANDS = [
    *("demo", "init", "serve", "send", "events", "requests", "decode"),
    *("status", "start", "stop", "restart", "control"),
    *("add", "set", "remove", "diff", "apply", "discard", "secret", "script", "schema", "cert"),
]

_LOADED = """
import sys
sys.argv[1:] = {arguments!r}
from console.main import main
try:
    main()
except SystemExit:
    print("loaded:", *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a command loads."""
    script = _LOADED.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), timeout=30)
    return set(done.stderr.split("loaded:")[1].split())


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("status", "--home", "/nowhere"), ("send", "--help")]
)
def test_a_command_never_loads_the_console(arguments: tuple[str, ...]) -> None:
    assert not loaded(*arguments) & {"textual", "pydantic"}


def test_help_needs_neither_asyncio_nor_rich() -> None:
    assert not loaded("--help") & {"asyncio", "rich", "tomlkit"}


def test_status_loads_only_what_it_needs() -> None:
    heavy = {"tomlkit", "sqlite3", "watchfiles", "h11", "google", "hypothesis", "rich", "cryptography"}
    assert not loaded("status", "--home", "/nowhere") & heavy


def test_help_lists_every_command_with_a_sentence() -> None:
    help = tidegate("--help").out
    lines = {words[0]: words[1:] for line in help.splitlines() if (words := line.split())}
    for command in COMMANDS:
        assert len(lines[command]) >= 3, command
        assert tidegate(command, "--help").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("status", "--nonsense"),
        ("start",),
        ("set", "default", "event_sources/lora"),
        ("set", "default", "event_sources/lora", "port"),
        ("decode", "default"),
        ("send", "localhost"),
        ("send", "http://[::1/"),
        ("send", "http://localhost/a\r\nX: y"),
        ("events", "--tenant", "\udcff"),
        ("send", "http://localhost:8484/lora", "--rate", "-1"),
        ("send", "http://localhost:8484/lora", "--header", "no colon"),
        ("events", "--since", "yesteryear"),
        ("events", "--type", "Measurement"),
        ("events", "--failed"),
        ("requests", "--filter", 'status:"unfinished'),
        ("demo", "--seconds", "3"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tidegate(*arguments, TIDEGATE_HOME=str(tmp_path))
    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("tidegate: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("start", "default"),
        ("stop", "default"),
        ("restart", "default"),
        ("events", "--follow"),
        ("control",),
    ],
)
def test_what_needs_an_engine_says_that_none_runs(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tidegate(*arguments, "--home", str(tmp_path))
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"tidegate: no engine runs for {tmp_path}")
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_home_may_stand_before_the_command(tmp_path: Path) -> None:
    done = tidegate("--home", str(tmp_path), "status")
    assert f"no engine runs for {tmp_path}" in done.err


def test_bash_completes_commands() -> None:
    done = tidegate(_TIDEGATE_COMPLETE="complete_bash", COMP_WORDS="tidegate re", COMP_CWORD="1")
    offered = set(done.out.split())
    assert offered >= {"requests", "restart", "remove"}
    assert all(command.startswith("re") for command in offered)


def test_a_terminal_that_knows_no_signs_gets_others(tmp_path: Path) -> None:
    done = in_a_process("status", "--home", str(tmp_path / "ü"), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.status == 1
    assert done.err.isascii()


@pytest.mark.parametrize("arguments", [(), ("demo",), ("--readonly",)])
def test_a_console_needs_a_terminal(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tidegate("--home", str(tmp_path / "home"), *arguments)
    assert done.status == 1
    assert done.err.startswith("tidegate: the console needs a terminal; ")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("events",),
        ("requests",),
        ("diff", "default"),
        ("set", "default", "tenant", "name=x"),
        ("decode", "default/lora"),
    ],
)
def test_a_home_that_is_none_is_not_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tidegate(*arguments, "--home", str(tmp_path / "nothing"))
    assert done.status == 1
    assert done.err == f"tidegate: {tmp_path / 'nothing'} is no home: `tidegate init` makes one\n"
    assert not (tmp_path / "nothing").exists()
