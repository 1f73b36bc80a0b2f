"""What simulated devices say: LoRa gateway JSON whose signal wanders, or bytes that were given."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

Payloads = Callable[[], bytes]
"""Gives the next payload."""

FIRST_ID = 278998
_ODD = b'{"deveui":"hex","dataFrame":"AB==","port":1,"fcnt":%d,"rssi":-1'
"""A gateway's frame that was cut off on its way."""


class Device:
    """One LoRa device: its frame counter, and a signal that drifts around where it stands."""

    def __init__(self, id: str, chance: random.Random) -> None:
        plain = id.isascii() and id.isdigit() and not id.startswith("0")
        self.id = id if plain else json.dumps(id)
        self._chance = chance
        self._near = chance.uniform(-118.0, -70.0)
        self._rssi = self._near
        self._count = chance.randrange(2000)

    def payload(self, now: datetime) -> bytes:
        """The next message: rssi in dBm, snr in dB, stronger signals with less noise."""
        self._count += 1
        drift = (self._near - self._rssi) * 0.1
        self._rssi = min(-35.0, max(-127.0, self._rssi + drift + self._chance.uniform(-2.5, 2.5)))
        snr = round(min(12.0, max(-20.0, (self._rssi + 100) / 3 + self._chance.uniform(-1.5, 1.5))), 1)
        stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        return (
            f'{{"deveui":"hex","dataFrame":"AB==","port":1,"timestamp":"{stamp}","fcnt":{self._count},'
            f'"rssi":{self._rssi:.0f},"snr":{snr:g},"sf_used":"8","id":{self.id},"live":true,"decrypted":false}}'
        ).encode()


def device_ids(count: int) -> list[str]:
    """Ids of so many devices, beginning with the tutorial's."""
    return [str(FIRST_ID + number) for number in range(count)]


def lora(ids: Sequence[str], *, bad: float = 0.0, seed: int | None = None) -> Payloads:
    """Payloads of these devices in turn; a share of `bad` (0 to 1) is cut off and can't be decoded."""
    chance = random.Random(seed)
    devices = [Device(id, chance) for id in ids]
    turn = 0

    def following() -> bytes:
        nonlocal turn
        turn += 1
        if bad and chance.random() < bad:
            return _ODD % turn
        return devices[turn % len(devices)].payload(datetime.now(UTC))

    return following
