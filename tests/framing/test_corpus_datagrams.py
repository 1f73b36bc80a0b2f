"""Datagrams of real devices, to a source of each protocol: kept whole, decoded, and answered as the devices expect."""

from collections.abc import Callable

from tests.cli.tidegate import free_port
from tests.engine.stead import Stead
from tests.framing.test_corpus import needed, rows
from tests.wire.datagrams import device, udp_source

CALAMP = """
def decode(payload, metadata, events, logger, state, respond):
    at, options = 0, []
    if payload[0] & 0x80:
        at = 1
        for bit in range(7):
            if payload[0] >> bit & 1:
                options.append(payload[at + 1 : at + 1 + payload[at]])
                at += 1 + payload[at]
    service, kind, sequence = payload[at], payload[at + 1], payload[at + 2 : at + 4]
    if service == 1:
        respond(b"\\x02\\x01" + sequence + bytes([kind]) + bytes(5))
    device = options[0].hex().rstrip("f") if options else "unknown"
    events.alert(device, f"message {kind}", payload.hex())
"""
SEMTECH = """
def decode(payload, metadata, events, logger, state, respond):
    version, kind = payload[0], payload[3]
    answer = {0: 1, 2: 4}[kind]  # PUSH_DATA: PUSH_ACK; PULL_DATA: PULL_ACK
    respond(bytes([version]) + payload[1:3] + bytes([answer]))
    events.alert(payload[4:12].hex(), f"message {kind}", payload.hex())
"""
SCRIPTS = {"calamp": CALAMP, "semtech_udp": SEMTECH}
ROWS = [row for row in rows("frames.jsonl") if row["transport"] == "udp"]


@needed
def test_datagrams_of_real_devices_are_answered_as_they_expect(make_stead: Callable[..., Stead]) -> None:
    assert {row["protocol"] for row in ROWS} == set(SCRIPTS)
    stead = make_stead()
    ports = {protocol: free_port() for protocol in SCRIPTS}
    for protocol, script in SCRIPTS.items():
        (stead.scripts / f"{protocol}.py").write_text(script)
    sources = (udp_source(each, ports[each]).replace("lora.py", f"{each}.py") for each in SCRIPTS)
    stead.write("".join(sources))
    stead.serve()
    for row in ROWS:
        with device(ports[row["protocol"]]) as one:
            assert one.ask(bytes.fromhex(row["hex"])).hex() == row["ack_hex"], row["id"]
    for protocol in SCRIPTS:
        kept = [event for event in stead.events() if event["eventSource"] == protocol]
        sent = [row for row in ROWS if row["protocol"] == protocol]
        assert [event["message"] for event in kept] == [row["hex"] for row in sent]
        named = [row["expect"].get("device") for row in sent]
        assert [event["hardwareId"] for event in kept] == [name or "unknown" for name in named]
