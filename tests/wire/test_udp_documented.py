"""The UDP source of docs/devices.md: its commands make it, its script decodes and answers a gateway's datagrams."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from tests.cli.tidegate import free_port
from tests.engine.stead import Stead
from tests.wire.datagrams import device

PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text()
SECTION = PAGE.partition("\n## UDP\n")[2]
GATEWAY = bytes.fromhex("0102030405060708")


def test_the_page_s_gateway(make_stead: Callable[..., Stead]) -> None:
    commands = re.findall(r"^tidegate (add .*)$", SECTION, re.MULTILINE)
    script = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)[0]
    stead = make_stead()
    (stead.scripts / "gateways.py").write_text(script)
    stead.serve()
    port = free_port()
    for command in commands:
        done = stead(*shlex.split(command.replace("port=1700", f"port={port}")))
        assert done.status == 0, done.err
    applied = stead("apply", "default")
    assert applied.status == 0, applied.err
    packet = {"rxpk": [{"rssi": -35, "lsnr": 5.1}, {"rssi": -40, "lsnr": 3.5}]}
    with device(port) as gateway:
        assert gateway.ask(b"\x02\x12\x34\x00" + GATEWAY + json.dumps(packet).encode()) == b"\x02\x12\x34\x01"
        assert gateway.ask(b"\x02\x56\x78\x02" + GATEWAY) == b"\x02\x56\x78\x04"
    assert [(event["hardwareId"], event["measurements"]) for event in stead.events()] == [
        (GATEWAY.hex(), {"rssi": -35.0, "snr": 5.1}),
        (GATEWAY.hex(), {"rssi": -40.0, "snr": 3.5}),
    ]
