"""The component in docs/components.md is one: it is read from there and used."""

import json
import re
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalogue.component import Slot
from core.catalogue.configured import Configured, read_component
from core.catalogue.decoding import Decoder
from core.catalogue.received import Received
from core.catalogue.registry import BUILT_IN, Catalogue
from core.catalogue.schema import tenant_schema
from core.scripting.log import DecodeLog
from core.worker.context import Context
from core.worker.runner import Runner

DOCUMENT = (Path(__file__).parents[2] / "docs" / "components.md").read_text()
PACKAGE = "documented_components"
DECODER = Slot("decoder", "decoder", "Binary Event Decoder")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return found


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    package = tmp_path / PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "csv.py").write_text(block("python"))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Catalogue((*BUILT_IN, PACKAGE))
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def configured(catalogue: Catalogue, **changes: str) -> tuple[Configured | None, list[str]]:
    table = tomllib.loads(block("toml"))["device_communication"]["event_sources"]["decoder"] | changes
    found, faults = read_component(catalogue, DECODER, table, "event_sources/lora/decoder")
    return found, [str(fault) for fault in faults]


def decode(catalogue: Catalogue, payload: bytes) -> tuple[str | None, bytes | None]:
    found, faults = configured(catalogue)
    assert found is not None, faults
    log = DecodeLog()
    decoder: Decoder = found.component.make(found.settings, Context("default", "lora", [], log))
    runner = Runner(decoder, None, log)
    runner.load()
    received = Received(bytes(16), 0, time.perf_counter(), ("127.0.0.1", 1), "127.0.0.1:1", payload, None, {})
    decoded = runner.run(received)
    return decoded.reason, decoded.events


def test_it_decodes_what_the_document_says(catalogue: Catalogue) -> None:
    payload = re.findall(r"`(278998\S+)` becomes", DOCUMENT)[0].encode()
    reason, events = decode(catalogue, payload)
    assert reason is None
    assert json.loads(events or b"[]") == [
        {"eventType": "Measurements", "hardwareId": "278998", "measurements": {"rssi": -111.0}}
    ]
    assert decode(catalogue, b"one;two") == ("'one;two' is not device, name and value", None)


def test_its_settings_are_checked_and_in_the_schema(catalogue: Catalogue) -> None:
    found, (fault,) = configured(catalogue, separator="; ")
    assert found is None
    assert "is not one character" in fault
    assert "decoder.csv" in tenant_schema(catalogue)["$defs"]


def test_what_the_document_names_is_there() -> None:
    top = Path(__file__).parents[2]
    named = re.findall(r"`(core/[\w/]+\.py|tests/[\w/]+\.py)`", DOCUMENT)
    assert named
    assert [name for name in named if not (top / name).exists()] == ["core/components/decoders/csv.py"]
