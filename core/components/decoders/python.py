"""Python Binary Event Decoder: a function of the operator's makes events of the bytes."""

from typing import Annotated

from core.catalogue.component import Component, ScriptTemplate
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration


class PythonSettings(Settings):
    """Settings of a Python decoder."""

    script: Annotated[
        str,
        setting(
            "Script path",
            "a file in the tenant's scripts folder, or in the one that all tenants share; it acts when saved",
            script=True,
            pattern=r"(?!/)(?!.*\.\.)[\w./-]+\.py",
            pattern_help="is no Python script in a scripts folder: write a name such as decode.py",
        ),
    ]
    timeout: Annotated[
        Duration,
        setting(
            "Time limit",
            "of one decode; one that runs longer fails",
            least="10 ms",
            most="10 min",
            folded=True,
        ),
    ] = Duration("2 s")
    max_events: Annotated[
        int,
        setting(
            "Most events",
            "of one request; a decode that gives more fails",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = 10000


def _make(*_: object) -> object:
    raise RuntimeError("being written")


LORA_TEMPLATE = '''"""Decodes the JSON of a LoRa gateway: signal quality as measurements of the device in `id`."""

import json


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    if "id" not in message:
        raise ValueError("JSON is missing the id")
    values = {name: message[name] for name in ("rssi", "snr") if name in message}
    logger.info("device %s: %s", message["id"], values)
    events.measurements(message["id"], values)
'''

EMPTY_TEMPLATE = '''"""Makes device events of a payload; raising an exception fails the request with that reason."""


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    # events.measurements(device, {"temperature": 21.5})
    # events.location(device, latitude, longitude, elevation=None)
    # events.alert(device, type, message, level="Warning")
    logger.info("%d bytes from %s", len(payload), metadata["remote.host"])
'''

COMPONENT = Component(
    role="decoder",
    type="python",
    title="Python Binary Event Decoder",
    summary="a function of yours makes events of the bytes",
    settings=PythonSettings,
    make=_make,
    templates=(
        ScriptTemplate("decode_lora.py", "LoRa gateway JSON: rssi and snr as measurements", LORA_TEMPLATE),
        ScriptTemplate("decode.py", "Empty: a decode function to fill in", EMPTY_TEMPLATE),
    ),
    script_suffix=".py",
)
