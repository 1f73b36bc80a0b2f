"""`tidegate send` with frames: what its options mean together, and the run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from core.cli.send_arguments import GENTLE_RATE, TIMEOUT
from core.cli.send_options import refuse_any

if TYPE_CHECKING:
    from core.cli.simulator.devices import Payloads
    from core.cli.simulator.framed.course import FramePlan
    from core.cli.simulator.framed.exchange import Source
    from core.cli.simulator.framed.split import Split
    from core.cli.simulator.line import Target

MOST_KINDS = 8
"""Protocols that a file without the one that is asked for is said to have instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOptions:
    """The options of frames as they were given."""

    frames: str
    protocol: str
    profile: str
    devices: tuple[str, ...]
    """What trackers of the profile are called."""
    udp: bool
    expect: str | None
    no_answer: bool
    wait: bool
    split: str | None
    seed: int | None
    pause: float | None
    hold: float

    @property
    def given(self) -> dict[str, object]:
        """By their names, where something was said."""
        return {
            "--frames": self.frames,
            "--protocol": self.protocol,
            "--profile": self.profile,
            "--udp": self.udp,
            "--expect": self.expect is not None,
            "--no-answer": self.no_answer,
            "--wait": self.wait,
            "--split": self.split is not None,
            "--seed": self.seed is not None,
            "--pause": self.pause is not None,
            "--hold": self.hold,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much was asked for; None where nothing was said."""

    rate: float | None
    count: int | None
    seconds: float
    connections: int
    close: bool
    timeout: float | None


def send_frames(target: Target, options: FrameOptions, load: Load, payloads: Payloads, *, as_json: bool) -> int:
    """Sends the frames of the file or of the profile, or without either the payloads as frames."""
    from core.cli.simulator.framed.report import report_frames, run_frames

    _check(target, options, load)
    plan = _plan(options, load)
    summary = run_frames(target, _source(target, options, payloads), plan)
    report_frames(summary, as_json=as_json)
    return 0 if summary.flawless else 1


def _check(target: Target, options: FrameOptions, load: Load) -> None:
    """Minds options that do not fit together."""
    split = options.split or ""
    if target.scheme == "udp":
        refuse_any({"--split": split, "--pause": options.pause is not None}, "a datagram is never split")
    if not options.frames:
        refuse_any({"--protocol": options.protocol}, "it chooses among the rows of --frames FILE")
    if options.no_answer:
        refuse_any({"--expect": options.expect is not None, "--wait": options.wait}, "it does not go with --no-answer")
    if split == "burst":
        clash = {"--wait": options.wait, "--rate": load.rate, "--connection-per-request": load.close}
        refuse_any(clash, "a burst is all frames at once")
    if split != "random":
        refuse_any({"--seed": options.seed is not None}, "it is of --split random")
    if split in ("whole", "burst"):
        refuse_any({"--pause": options.pause is not None}, f"there are no pieces with --split {split}")
    if load.close:
        refuse_any({"--hold": options.hold}, "it keeps connections, and --connection-per-request keeps none")


def _plan(options: FrameOptions, load: Load) -> FramePlan:
    from core.cli.simulator.framed.course import FramePlan

    once = bool(options.frames) and load.count is None and not load.seconds
    bounded = bool(load.count or load.seconds or once)
    return FramePlan(
        connections=load.connections,
        rate=load.rate if load.rate is not None else (0.0 if bounded else GENTLE_RATE),
        count=load.count or 0,
        seconds=load.seconds,
        timeout=load.timeout or TIMEOUT,
        once=once,
        wait=options.wait,
        renew=load.close,
        hold=options.hold,
        split=_split(options.split),
        seed=options.seed,
        pause=0.001 if options.pause is None else options.pause,
    )


def _split(text: str | None) -> Split:
    from core.cli.simulator.framed.split import Split, parse_split

    if text is None:
        return Split()
    try:
        return parse_split(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--split") from None


def _source(target: Target, options: FrameOptions, payloads: Payloads) -> Source:
    from core.cli.simulator.framed.exchange import answered, endless

    if options.frames:
        source = _of_file(target, options)
    elif options.profile:
        source = _of_profile(options)
    else:
        source = endless(payloads, lines=target.scheme == "tcp")
    if options.no_answer:
        return answered(source, b"")
    return source if options.expect is None else answered(source, _expected(options.expect))


def _of_profile(options: FrameOptions) -> Source:
    """Trackers of a device profile."""
    from core.cli.simulator.framed.tracker import trackers
    from core.errors import NotFound

    try:
        return trackers(options.profile, options.devices)
    except NotFound as error:
        raise typer.BadParameter(str(error), param_hint="--profile") from None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--device") from None


def _of_file(target: Target, options: FrameOptions) -> Source:
    """The frames of a file; that some were left out by their transport is said on stderr."""
    from core.cli.simulator.framed.exchange import each_the_same
    from core.cli.simulator.framed.file import FramesFault, read_frames
    from core.model.text import count_text, plural

    content = sys.stdin.buffer.read() if options.frames == "-" else Path(options.frames).read_bytes()
    try:
        read = read_frames(content.decode(), protocol=options.protocol, transport=target.scheme)
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{options.frames} is no text: write hex", param_hint="--frames") from None
    except FramesFault as fault:
        raise typer.BadParameter(f"{options.frames} {fault}", param_hint="--frames") from None
    kinds = ", ".join(f"{count_text(count)} of {kind}" for kind, count in read.left_out.most_common(MOST_KINDS))
    if not read.exchanges:
        option, wanted = ("--protocol", options.protocol) if options.protocol else ("--frames", target.scheme)
        left = f" for {wanted}: {kinds}" if kinds else ""
        raise typer.BadParameter(f"{options.frames} has no frames{left}", param_hint=option)
    if other := read.left_out["udp"] + read.left_out["tcp"]:
        print(f"left out: {plural(other, 'frame')} of another transport", file=sys.stderr)
    return each_the_same(read.exchanges)


def _expected(text: str) -> bytes:
    from core.cli.simulator.framed.file import read_hex

    try:
        expected = read_hex(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expect") from None
    if not expected:
        raise typer.BadParameter("no bytes: --no-answer says that none may come", param_hint="--expect")
    return expected
