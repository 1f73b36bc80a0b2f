"""Runs a decoder of the catalogue over bytes, as a worker does."""

import time
from typing import Any

import msgspec

from core.catalogue.decoding import Decoder
from core.catalogue.received import Received
from core.catalogue.registry import catalogue
from core.model.events import Event, event_json
from core.scripting.log import DecodeLog
from core.worker.context import Context
from core.worker.runner import Decoded, Runner


def decoded(kind: str, payload: bytes) -> Decoded:
    component = catalogue().get("decoder", kind)
    assert component is not None
    log = DecodeLog()
    decoder: Decoder = component.make(component.settings(), Context("default", "lora", [], log))
    runner = Runner(decoder, None, log)
    runner.load()
    received = Received(bytes(16), 0, time.perf_counter(), ("127.0.0.1", 1), "127.0.0.1:1", payload, None, {})
    return runner.run(received)


def reason(kind: str, payload: bytes) -> str:
    """Why it cannot be decoded."""
    outcome = decoded(kind, payload)
    assert outcome.reason is not None
    assert outcome.events is None
    return outcome.reason


def events(kind: str, payload: bytes) -> list[dict[str, Any]]:
    """Its events as JSON, without what is empty."""
    outcome = decoded(kind, payload)
    assert outcome.reason is None, outcome.reason
    made = msgspec.json.decode(outcome.events or b"[]", type=list[Event])
    return [{name: value for name, value in event_json(event).items() if value or value == 0} for event in made]
