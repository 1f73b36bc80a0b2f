"""The walk of docs/devices.md: its TOML frames its bytes, and its script answers as the tracker expects."""

import re
import tomllib
from pathlib import Path

from core.wire.framing import Splitter
from tests.framing.configurations import framing_of

PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text()


def test_the_page_s_tracker() -> None:
    (line,) = re.findall(r"^(78 78[ 0-9a-f]+?)  ", PAGE, re.MULTILINE)
    login = bytes.fromhex(line)
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    source = tomllib.loads(text)["device_communication"]["event_sources"][0]
    splitter = Splitter(framing_of(source["interaction_handler"]["framing"])(), 1024)
    assert [found.frame for found in splitter.feed(login * 2)] == [login, login]

    script, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(script, "devices.md", "exec"), names)
    answers: list[bytes] = []
    state: dict[str, str] = {}
    names["decode"](login, {}, None, None, state, answers.append)  # pyright: ignore[reportCallIssue]  # it is a function
    assert state == {"device": "123456789012345"}
    assert answers == [bytes.fromhex("787805010001d9dc0d0a")]


def test_the_page_lists_every_framing() -> None:
    from core.catalogue.registry import catalogue

    rows = re.findall(r"^\| (`[^|]*) \|", PAGE.partition("## Framings")[2], re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", "".join(rows))) - {"type"}
    assert listed == {component.type for component in catalogue().of_role("framing")}


def test_the_page_lists_every_profile_with_its_port() -> None:
    from core.profiles import profiles

    section = PAGE.partition("## Device profiles")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| .*? \| (\d+) \|", section, re.MULTILINE))
    assert listed == {name: str(profile.source["port"]) for name, profile in profiles().items()}
