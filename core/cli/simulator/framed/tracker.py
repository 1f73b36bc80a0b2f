"""Trackers of a device profile: each connection is one, which logs in and then goes about and reports."""

import math
import random
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from core.cli.simulator.framed.exchange import Exchange, Source
from core.profiles import device_exchanges
from core.profiles.fix import Fix

FIRST_ID = 350_000_000_000
"""Names of trackers that are given none begin here: twelve digits, as many as the shortest protocol has."""
_NAME = re.compile("[0-9]{1,15}")
DEGREE = 111.32
"""Kilometres of a degree of latitude, about."""


def trackers(profile: str, named: Sequence[str]) -> Source:
    """The trackers of a profile, called as `named` says in turn, else by numbers; NotFound where there is no such
    profile, ValueError where one has no name for a tracker."""
    exchanges = device_exchanges(profile)
    wrong = next((name for name in named if not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} names no tracker: write at most 15 digits")

    def made(number: int) -> Iterator[Exchange]:
        device = named[number % len(named)] if named else str(FIRST_ID + number)
        for count, (sent, answer) in enumerate(exchanges(device, _journey(number)), 1):
            yield Exchange(sent, answer, f"{device}/{count}")

    return made


def _journey(number: int) -> Iterator[Fix]:
    """Positions on a way about Lake Constance, without end, one for each second that it is asked."""
    chance = random.Random(number)
    latitude, longitude, course = 47.6 + chance.uniform(-0.2, 0.2), 9.4 + chance.uniform(-0.4, 0.4), 90.0
    battery = 100.0
    while True:
        speed = round(chance.uniform(20, 90), 1)
        course = (course + chance.uniform(-20, 20)) % 360
        step = speed / 3600 / DEGREE
        latitude += step * math.cos(math.radians(course))
        longitude += step * math.sin(math.radians(course)) / math.cos(math.radians(latitude))
        battery = battery - 0.05 if battery > 20 else 100.0
        yield Fix(
            time=datetime.now(UTC).replace(microsecond=0),
            latitude=round(latitude, 5),
            longitude=round(longitude, 5),
            speed=speed,
            course=round(course),
            altitude=400.0,
            battery=round(battery),
        )
