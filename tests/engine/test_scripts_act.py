"""A script acts when it is saved; a broken one leaves the last good one acting, and shows what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import until
from tests.engine.changes import target
from tests.engine.stead import Stead, body

SCRIPT = """import json
from helper import NAME
from shared.names import PREFIX


def decode(payload, metadata, events, logger):
    events.measurements(json.loads(payload)["id"], {PREFIX + NAME: 1})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("scripts") / "home", script=SCRIPT, settings="threads = 2")
    good(stead)
    stead.serve()
    yield stead
    stead.end()


def good(stead: Stead) -> None:
    """Every script as it is to begin with."""
    (stead.path / "scripts" / "shared").mkdir(exist_ok=True)
    save(stead.path / "scripts" / "shared" / "names.py", 'PREFIX = "p."\n')
    save(stead.scripts / "helper.py", 'NAME = "first"\n')
    save(stead.scripts / "lora.py", SCRIPT)


def save(path: Path, text: str) -> None:
    """As an editor does: written beside, then renamed."""
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_text(text)
    beside.replace(path)


@pytest.fixture
def stead(home: Stead) -> Stead:
    good(home)
    until(lambda: measured(home) == "p.first" and home.source().reason is None, "the good scripts")
    return home


def measured(stead: Stead) -> str | None:
    """The name under which the script measures now, if both workers say the same."""
    names: set[str] = set()
    for _ in range(6):
        if stead.post(body("d")) != 200:
            return None
    names = {next(iter(event["measurements"])) for event in stead.events()[-6:]}
    return names.pop() if len(names) == 1 else None


def test_a_saved_script_acts(stead: Stead) -> None:
    workers = stead.workers()
    version = stead.source().children[1].detail["version"]
    save(stead.scripts / "lora.py", SCRIPT.replace("PREFIX + NAME", "'new'"))
    until(lambda: measured(stead) == "new", "the new script")
    assert stead.workers() == workers
    until(lambda: stead.source().children[1].detail["version"] != version, "its version")
    assert stead.requests()[-1]["script"] == stead.source().children[1].detail["version"]


def test_a_saved_module_that_a_script_imports_acts(stead: Stead) -> None:
    save(stead.scripts / "helper.py", 'NAME = "second"\n')
    until(lambda: measured(stead) == "p.second", "the new module")
    save(stead.path / "scripts" / "shared" / "names.py", 'PREFIX = "q."\n')
    until(lambda: measured(stead) == "q.second", "the new shared module")


def test_a_script_of_the_tenant_hides_the_shared_one(stead: Stead) -> None:
    save(stead.path / "scripts" / "helper.py", 'NAME = "hidden"\n')
    (stead.scripts / "helper.py").unlink()
    until(lambda: measured(stead) == "p.hidden", "the shared module")
    (stead.path / "scripts" / "helper.py").unlink()


BROKEN = {
    "does not compile": ("lora.py", SCRIPT.replace("(payload)", "(payload"), "lora.py:7"),
    "raises": ("lora.py", SCRIPT + "\nraise KeyError('x')\n", "lora.py:9: KeyError: 'x'"),
    "exits": ("lora.py", SCRIPT + "\nraise SystemExit\n", "lora.py:9: SystemExit"),
    "has lost its function": ("lora.py", SCRIPT.replace("def decode", "def encode"), "lora.py: has no function decode"),
    "imports what is broken": ("helper.py", "NAME = \n", "helper.py:1"),
    "imports what is not there": ("lora.py", "import nowhere\n" + SCRIPT, "lora.py:1: ModuleNotFoundError"),
    "has a NUL in it": ("lora.py", SCRIPT + "\0", "null bytes"),
}


@pytest.mark.parametrize(("name", "text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_script_leaves_the_last_good_one_acting(stead: Stead, name: str, text: str, reason: str) -> None:
    workers = stead.workers()
    save(stead.scripts / name, text)
    until(lambda: reason in (stead.source().reason or ""), "the reason")
    assert "the script before it goes on" in (stead.source().reason or "")
    decoder = next(node for node in stead.source().children if node.kind == "decoder")
    assert decoder.state == "error"
    assert reason in (decoder.reason or "")
    assert measured(stead) == "p.first"
    assert stead.workers() == workers


def test_a_script_that_hangs_while_it_is_loaded_is_given_up(stead: Stead) -> None:
    workers = stead.workers()
    save(stead.scripts / "lora.py", "while True: pass\n")
    until(lambda: "took longer than 5 s to load" in (stead.source().reason or ""), "the reason")
    assert measured(stead) == "p.first"
    assert stead.workers() == workers


def test_a_source_that_could_not_start_for_its_script_starts_when_that_is_saved(stead: Stead) -> None:
    target(stead, "stop", "default/lora")
    save(stead.scripts / "lora.py", "broken(\n")
    assert stead("start", "default/lora").status == 1
    assert stead.source().state == "error"
    assert "lora.py:1" in (stead.source().reason or "")
    save(stead.scripts / "lora.py", SCRIPT)
    until(lambda: stead.source().state == "started", "the source")
    assert measured(stead) == "p.first"
