"""How frames are cut into writes."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.cli.simulator.framed.exchange import Exchange

CUTS = 4
"""Random cuts for each frame, at most."""


@dataclass(frozen=True, slots=True)
class Split:
    """`way` is one of rows (as each frame says), whole, pieces (of `size` bytes), random and burst."""

    way: str = "rows"
    size: int = 0

    @property
    def cuts(self) -> bool:
        """Whether its pieces must arrive apart whatever the frames say."""
        return self.way in ("pieces", "random")

    def writes(self, batch: Sequence[Exchange], chance: random.Random) -> list[bytes]:
        """The bytes of some frames that are sent together, cut into writes."""
        content = b"".join(exchange.sent for exchange in batch)
        match self.way:
            case "pieces":
                ends = range(self.size, len(content), self.size)
            case "random":
                most = min(CUTS * len(batch), len(content) - 1)
                ends = sorted(chance.sample(range(1, len(content)), chance.randint(min(1, most), most)))
            case "rows" if len(batch) == 1:
                ends = batch[0].writes[:-1]
            case _:
                ends = ()
        return [content[begin:end] for begin, end in pairwise((0, *ends, len(content)))]


def parse_split(text: str) -> Split:
    """whole, bytes, N, random or burst; ValueError where it is none of these."""
    if text in ("whole", "random", "burst"):
        return Split(text)
    if text == "bytes":
        return Split("pieces", 1)
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text):
        return Split("pieces", int(text))
    raise ValueError(f"{text!r} is none of whole, bytes, a number of bytes, random and burst")
