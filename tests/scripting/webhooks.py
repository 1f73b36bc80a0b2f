"""Runs the templates for webhooks over HTTP requests, as a worker does, and has requests to run them over."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.catalogue.received import Received
from core.catalogue.registry import catalogue
from core.model.events import Event, event_json
from core.scripting.log import DecodeLog
from core.wire.http_head import HeadJudge
from core.wire.http_syntax import HeadLimits
from core.worker.context import Context
from core.worker.runner import Runner

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus" / "webhooks.jsonl"
TEMPLATE = {"tts_v3_industries": "tts_v3", "loriot_gw": "loriot"}
"""The template of a network's webhook, where it is not called like the network."""
LIMITS = HeadLimits(max_head=65536, max_target=8192, max_fields=100)

component = catalogue().get("decoder", "python")
assert component is not None
PYTHON = component
TEMPLATES = {template.name.removesuffix(".py"): template for template in PYTHON.templates}


@dataclass
class Outcome:
    """What came of a request."""

    reason: str | None
    events: list[dict[str, Any]]
    answer: tuple[bytes, int] | None

    def of(self, type: str) -> list[dict[str, Any]]:
        """The events of a type."""
        return [event for event in self.events if event["eventType"] == type]

    @property
    def measured(self) -> dict[str, float]:
        """All measurements together."""
        return {name: value for event in self.of("Measurements") for name, value in event["measurements"].items()}


class Webhooks:
    """Every template as a script in a folder, loaded once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, tuple[Runner, DecodeLog]] = {}
        for name, template in TEMPLATES.items():
            (folder / f"{name}.py").write_text(template.text)

    def edited(self, name: str, old: str, new: str, to: str) -> None:
        """A template that an operator filled in, as a script of another name."""
        text = TEMPLATES[name].text
        assert text.count(old) == 1
        (self._folder / f"{to}.py").write_text(text.replace(old, new))

    def run(self, row: dict[str, Any], script: str | None = None) -> Outcome:
        """A request of `row` through its network's template."""
        runner = self._runner(script or TEMPLATE.get(row["network"], row["network"]))
        payload = row.get("body", "").encode()
        head = HeadJudge(LIMITS, lambda head: None).judge_anew(head_of(row, payload))
        received = Received(
            bytes(16), 0, time.perf_counter(), ("127.0.0.1", 1), "127.0.0.1:1", payload, None, {}, head.describe
        )
        done = runner.run(received)
        made = msgspec.json.decode(done.events or b"[]", type=list[Event])
        return Outcome(done.reason, [event_json(event) for event in made], received.respond)

    def _runner(self, script: str) -> Runner:
        if script not in self._loaded:
            log = DecodeLog()
            settings = PYTHON.settings(script=f"{script}.py")
            runner = Runner(PYTHON.make(settings, Context("default", "hooks", [self._folder], log)), None, log)
            runner.load()
            self._loaded[script] = runner, log
        return self._loaded[script][0]


def head_of(row: dict[str, Any], payload: bytes) -> bytes:
    """The request's head as it goes over the wire."""
    fields = {"host": "gate", **row.get("headers", {}), "content-length": str(len(payload))}
    lines = [f"{row['method']} {row['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def post(network: str, body: object, path: str = "/", **expect: Any) -> dict[str, Any]:
    """A row as those of the folder of real requests, of an own body."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"id": f"own-{network}", "network": network, "method": "POST", "path": path, "body": text, "expect": expect}


def real() -> list[dict[str, Any]]:
    """The requests of real networks, where there is a folder of them beside this clone."""
    return [json.loads(line) for line in CORPUS.read_text().splitlines()] if CORPUS.is_file() else []


def own() -> list[dict[str, Any]]:
    """A request of each kind that was put together here: all that a clone without that folder is tested with."""
    eui, at, ms = "00AA11BB22CC33DD", "2024-05-01T12:00:00Z", 1714564800000
    gateway = {"rssi": -70, "snr": 9.5}
    link = {"lora_rssi": -70, "lora_snr": 9.5}
    raw = {"device": eui, "payload_hex": "0a0b", "port": 7}
    tts = {"f_port": 7, "f_cnt": 3, "frm_payload": "Cgs=", "rx_metadata": [{"rssi": -90}, gateway]}
    stu = "<esn>0-1</esn><unixTime>1714564800</unixTime><payload>0x00337BA619B7250A00</payload>"
    rows = [
        post(
            "tts_v3",
            {"end_device_ids": {"dev_eui": eui}, "received_at": at, "uplink_message": tts},
            time=at,
            telemetry=link,
            **raw,
        ),
        post("tts_v3", {"end_device_ids": {"device_id": "m1"}, "join_accept": {}}, device="m1"),
        post("tts_v3", {"uplink_message": tts}, device=None),
        post(
            "ttn_v2",
            {"hardware_serial": eui, "port": 7, "payload_raw": "Cgs=", "metadata": {"time": at, "gateways": [gateway]}},
            time=at,
            telemetry=link,
            **raw,
        ),
        post(
            "chirpstack_v4",
            {"deviceInfo": {"devEui": eui}, "time": at, "fPort": 7, "data": "Cgs=", "rxInfo": [gateway]},
            "/?event=up",
            time=at,
            telemetry=link,
            **raw,
        ),
        post(
            "chirpstack_v3",
            {"devEUI": "AKoRuyLMM90=", "fPort": 7, "data": "Cgs=", "rxInfo": [{"rssi": -70, "loRaSNR": 9.5}]},
            telemetry=link,
            **raw | {"device": "AKoRuyLMM90="},
        ),
        post(
            "helium",
            {"dev_eui": eui, "reported_at": ms, "port": 7, "payload": "Cgs=", "hotspots": [gateway]},
            time=ms,
            telemetry=link,
            **raw,
        ),
        post("loriot", {"cmd": "rx", "EUI": eui, "ts": ms, "port": 7, "data": "0a0b"} | gateway, time=ms, **raw),
        post("loriot_gw", {"cmd": "gw", "EUI": eui, "ts": ms, "port": 7, "data": "0A0B", "gws": [gateway]}, **raw),
        post(
            "thingpark",
            {"DevEUI_uplink": {"Time": at, "DevEUI": eui, "FPort": "7", "payload_hex": "0a0b", "LrrRSSI": "-70.0"}},
            time=at,
            telemetry={"lora_rssi": -70},
            **raw,
        ),
        post("sigfox", {"device": "AB12", "time": "1714564800", "lat": "1.5", "lng": "2.5"}, result="position"),
        post("owntracks", {"_type": "location", "lat": 1, "lon": 2, "tst": 1714564800, "tid": "X"}, result="position"),
        {**post("osmand", "", "/?id=1&lat=1.5&lon=2.5&timestamp=1714564800", result="position"), "method": "GET"},
        {**post("osmand", "", "/?lat=1.5&lon=2.5", result="none"), "method": "GET"},
        post("osmand", "id=1&lat=1.5&lon=2.5", result="position"),
        post(
            "osmand",
            {"device_id": "1", "location": {"timestamp": at, "coords": {"latitude": 1, "longitude": 2}}},
            result="position",
        ),
        {
            **post("opengts", "", "/?id=1&gprmc=$GPRMC,120000,A,5006.7,N,01416.5,E,0.0,,010524,,*2F"),
            "method": "GET",
            "expect": {"device": "1", "time": at, "result": "position"},
        },
        post(
            "flespi",
            [
                {"ident": each, "timestamp": 1714564800, "position.latitude": 1, "position.longitude": 2}
                for each in "ab"
            ],
            result="positions",
        ),
        post(
            "globalstar",
            f'<stuMessages messageID="ab"><stuMessage>{stu}</stuMessage></stuMessages>',
            device="0-1",
            time=at,
            result="positions",
        ),
        post("particle", {"event": "t", "data": "21.5", "coreid": "c1", "published_at": at}, device="c1", time=at),
        post("particle", {"event": "t"}, result="none"),
        post("thingsboard_http", {"t": 1.5, "s": "on"}, "/api/v1/abc/telemetry", device_token_in_path="abc"),
        post("thingsboard_http", {"s": "on"}, "/api/v1/abc/attributes", device_token_in_path="abc"),
        post(
            "dmt_http",
            {"date": at, "device": {"imei": "1"}, "lat": 1.5, "lng": 2.5, "analogues": [{"id": 1, "val": 4265}]},
            result="position",
        ),
        post("rftrack", 'i=1&t=1714564800000&gps={"y":1.5,"x":2.5,"t":1714564800000,"a":9}', result="position"),
        post("ramac", {"DeviceId": "A1", "UpdateDate": "2024-05-01 12:00:00", "Battery": 3}, result="attributes"),
    ]
    return [{**row, "id": f"{row['id']}-{place}"} for place, row in enumerate(rows, 1)]
