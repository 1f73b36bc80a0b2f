"""The door as an operator sees it: refused connections in Live Traffic, on their own page, and in Engine State."""

import asyncio
import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from console.screens.request import OneRequest
from console.screens.traffic import LiveTraffic
from core.model.refusals import RefusedGroup
from core.model.requests import TrafficRow
from tests.cli.tidegate import COMMAND, Homestead, environment, free_port, until
from tests.console.test_engine_state import go_to_state
from tests.console.test_live_traffic import go_to_traffic
from tests.console.walker import LARGE, SMALL, walking

FLOOD = 100
REASON = "more connections than the source allows"


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Homestead]:
    """A home whose source has one place, which is taken."""
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    file = homestead.path / "tenants" / "default" / "tenant.toml"
    file.write_text(file.read_text().replace('id = "lora"', 'id = "lora"\nmax_connections = 1'))
    homestead.serve()
    with socket.create_connection(("127.0.0.1", homestead.port)):
        yield homestead
    homestead.end()


def flood(port: int, count: int) -> None:
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            assert one.recv(200).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_a_flood_is_rows_and_groups_that_add_up(narrow: Homestead, size: tuple[int, int]) -> None:
    async with walking(narrow.path, size) as walker:
        screen = await go_to_traffic(walker)
        await walker.press("f")
        await walker.sees("following", "-outcome:decoded")
        await asyncio.to_thread(flood, narrow.port, FLOOD)
        await walker.until(lambda: told(screen) == FLOOD, "all to be told")
        await walker.sees("more refused", f"✕ refused  {REASON}, from 127")
        groups = [row for row in screen.list.ring if isinstance(row, RefusedGroup)]
        assert len(groups) < 10
        while screen.list.current is not None:
            await walker.press("k")
        assert isinstance(screen.list.current_line, RefusedGroup)
        await walker.press("enter")
        await walker.sees("Engine State (5) says how many")
        assert isinstance(walker.app.screen, LiveTraffic)
        await walker.press("N")
        assert isinstance(screen.list.current, TrafficRow)
        await walker.press("enter")
        await walker.until(lambda: isinstance(walker.app.screen, OneRequest), "the page")
        await walker.sees("connection", "127.0.0.1:", REASON, "nothing was read of this connection")


def told(screen: LiveTraffic) -> int:
    return sum(row.count if isinstance(row, RefusedGroup) else 1 for row in screen.list.ring)


async def test_the_state_counts_by_reason(narrow: Homestead) -> None:
    async with walking(narrow.path) as walker:
        await go_to_state(walker)
        await asyncio.to_thread(flood, narrow.port, FLOOD)
        await walker.sees(f"{FLOOD} refused")
        await walker.until(lambda: re.search(rf"{FLOOD} refused, \d", walker.line("(lora)")), "the rate")
        await walker.press("j", "j", "v")
        await walker.sees("only counted", f"{FLOOD} {REASON[:30]}")


def test_commands_tell_what_was_only_counted(narrow: Homestead) -> None:
    flood(narrow.port, FLOOD)

    def counted() -> int:
        (status,) = narrow("status", "--json").objects
        node = status["tree"]["children"][0]["children"][0]
        return node["detail"]["refusals"]["only_counted"] if node["refused"] == FLOOD else 0

    until(lambda: counted() > 0, "the counts")
    listed = narrow("requests", "--refused", "--limit", "1000")
    heads = [line.split() for line in listed.out.splitlines()[::2]]
    assert len(heads) == FLOOD - counted()
    assert all(head[1:5] == ["default/lora", "127.0.0.1", "connection", "503"] for head in heads)
    assert {line.strip() for line in listed.out.splitlines()[1::2]} == {f"✕ {REASON}"}
    assert listed.err.startswith(f"tidegate: {counted():,} more refused requests were only counted since")
    assert narrow("requests", "--refused", "--json").err == ""
    assert narrow("requests").err == ""
    assert narrow("requests", "--refused", "--source", "other").err == ""
    assert f"default/lora: {FLOOD} refused in ten minutes" in narrow("status").out
    assert f"{FLOOD} {REASON}" in narrow("status").out


def test_following_tells_of_all_that_is_refused(narrow: Homestead) -> None:
    rows, more = (
        re.compile(r" connection +503 "),
        re.compile(r"([\d,]+) more refused: " + REASON + r", from 127\.0\.0\.0/24"),
    )
    command = [*COMMAND, "requests", "--refused", "--follow", "--home", str(narrow.path), "--limit", "1"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as json_out, tempfile.TemporaryFile() as json_err:
        flood(narrow.port, 1)
        until(lambda: len(narrow("requests", "--json").objects) == 1, "a row")
        people = subprocess.Popen(command, stdout=out, env=environment())
        machine = subprocess.Popen([*command, "--json"], stdout=json_out, stderr=json_err, env=environment())
        try:
            until(lambda: bool(written(out) and written(json_out)), "both to follow")
            flood(narrow.port, FLOOD)

            def told(lines: str, groups: str) -> int:
                return len(rows.findall(lines)) + sum(int(count.replace(",", "")) for count in more.findall(groups))

            until(lambda: told(written(out), written(out)) == FLOOD + 1, "all to be told to people")
            until(lambda: len(written(json_out).splitlines()) + told("", written(json_err)) == FLOOD + 1, "all as JSON")
            assert all(json.loads(line)["outcome"] == "refused" for line in written(json_out).splitlines())
        finally:
            for process in (people, machine):
                process.terminate()
                process.wait(30)


def written(file: IO[bytes]) -> str:
    """What a process has written to a file so far."""
    return os.pread(file.fileno(), 1 << 20, 0).decode()
