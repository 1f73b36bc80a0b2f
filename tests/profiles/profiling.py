"""A profile as a worker runs it: its framing and its script, made of what a source of it has in tenant.toml."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.configured import Configured, read_component
from core.catalogue.received import Received
from core.catalogue.registry import catalogue
from core.model.events import Event, event_json
from core.profiles import SOURCE_TYPE, Profile
from core.scripting.log import DecodeLog
from core.wire.framing import Splitter
from core.worker.context import Context
from core.worker.making import Making
from core.worker.runner import Runner
from tests.framing.configurations import framing_of

MOST = 32 << 10


def configured(profile: Profile) -> Configured:
    """A source of the profile, checked as tenant.toml is."""
    table = {"type": SOURCE_TYPE, **profile.values(profile.script, {"id": profile.name})}
    read, faults = read_component(catalogue(), EVENT_SOURCES, table, "event_sources")
    assert read is not None, faults
    return read


@dataclass
class Outcome:
    """What came of one frame."""

    reason: str | None
    events: list[dict[str, Any]]
    answer: bytes | None
    status: int


@dataclass
class Connection:
    """Frames of one connection, decoded in turn."""

    runner: Runner
    framing: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    def frames(self, wire: bytes, framing: dict[str, Any] | None = None) -> list[bytes]:
        """What the framing finds in bytes."""
        splitter = Splitter(framing_of(framing or self.framing)(), MOST)
        return [found.frame for found in splitter.feed(wire) if found.frame is not None]

    def decode(self, frame: bytes) -> Outcome:
        """One frame, as a worker decodes it."""
        remote = ("127.0.0.1", 1)
        received = Received(bytes(16), 0, time.perf_counter(), remote, "127.0.0.1:1", frame, None, self.state)
        done = self.runner.run(received)
        made = msgspec.json.decode(done.events or b"[]", type=list[Event])
        answer, status = received.respond or (None, 200)
        return Outcome(done.reason, [event_json(event) for event in made], answer, status)


class Profiled:
    """A profile with its script loaded from a scripts folder."""

    def __init__(self, profile: Profile, folder: Path, text: str | None = None) -> None:
        source = configured(profile)
        (folder / profile.script).write_text(profile.text if text is None else text)
        log = DecodeLog()
        runner = Making(Context("default", profile.name, [folder], log), log).decoder(source.slots["decoder"])
        assert isinstance(runner, Runner)
        runner.load()
        self.runner = runner
        self.framing = dict(source.slots["interaction_handler"].slots["framing"].table)

    def connection(self, **state: Any) -> Connection:
        """A connection; `state` is what earlier frames left."""
        return Connection(self.runner, self.framing, state)
