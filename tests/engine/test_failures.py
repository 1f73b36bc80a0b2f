"""Failures as a list of work, on a real engine: grouped, counted, dismissed for good, gone with their requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.journal.failures import MOST_GROUPS
from tests.cli.tidegate import until
from tests.engine.stead import Stead

SCRIPT = """import json


def decode(payload, metadata, events, logger):
    text = payload.decode()
    if text.startswith("reading"):
        raise ValueError(f"{text} of device {len(text)} at 10.0.0.{len(text)} is out of range")
    if text.startswith("say "):
        raise ValueError(text[4:])
    if text == "other line":
        raise ValueError("reading of device 3 at 10.0.0.1 is out of range")
    events.measurements(json.loads(payload)["id"], {"value": 1.0})
"""


def post(stead: Stead, *payloads: str) -> None:
    for text in payloads:
        body = text.encode()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert stead.raw(head + body).startswith((b"HTTP/1.1 422", b"HTTP/1.1 200"))


def groups(stead: Stead, *options: str) -> list[dict[str, Any]]:
    return stead("requests", "--failed", "--group", "--json", *options).objects


@pytest.fixture
def failed(make_stead: Callable[..., Stead]) -> Stead:
    """A home on which four groups of requests failed, and one did not."""
    stead = make_stead(script=SCRIPT)
    stead.serve()
    post(stead, "reading 12", "reading 3456", "other line", '{"id": 1}', '{"no": 1}', "{", "{", "reading 7")
    return stead


def test_the_same_reason_at_the_same_line_is_one_group(failed: Stead) -> None:
    found = groups(failed)
    assert [(each["reason"], each["count"]) for each in found] == [
        ("lora.py:7  reading * of device * at * is out of range", 3),
        ("lora.py:12  JSONDecodeError: Expecting property name enclosed in double quotes: line * column * (char *)", 2),
        ("lora.py:12  KeyError: 'id'", 1),
        ("lora.py:11  reading of device * at * is out of range", 1),
    ]
    requests = failed.requests("--failed")
    of_first = [row for row in requests if row["reason"].startswith("lora.py:7  ")]
    assert found[0]["sample"]["id"] == of_first[-1]["id"]
    assert (found[0]["first"], found[0]["last"]) == (of_first[0]["receivedDate"], of_first[-1]["receivedDate"])
    listed = failed.requests("--failure", found[0]["id"][:6])
    assert [row["id"] for row in listed] == [row["id"] for row in of_first]
    assert len(failed.requests("--filter", f"failure:{found[1]['id']} source:lora")) == 2
    assert "3 " in failed("requests", "--failed", "--group").out
    until(lambda: failed.status().failures == 4, "the groups to be counted")


def test_a_group_is_dismissed_for_good_and_undone(failed: Stead) -> None:
    id = groups(failed)[0]["id"]
    assert failed("dismiss", id, "firmware", "1.2,", "known").status == 0
    until(lambda: failed.status().failures == 3, "it to be counted")
    post(failed, "reading 99")
    assert id not in [each["id"] for each in groups(failed)]
    failed.end()
    (failed.path / "data" / "index.db").unlink()
    failed.serve()
    [dismissed] = groups(failed, "--dismissed")
    assert (dismissed["id"], dismissed["count"]) == (id, 4)
    assert dismissed["dismissed"]["why"] == "firmware 1.2, known"
    assert "firmware 1.2, known" in failed("requests", "--failed", "--group", "--dismissed").out
    assert failed("dismiss", id[:5], "--undo").status == 0
    assert groups(failed, "--dismissed") == []
    assert len(groups(failed)) == 4


def test_what_is_wrong_with_a_dismissal_is_said(failed: Stead) -> None:
    assert "no failed request is in a group ffff" in failed("dismiss", "ffff", "why").err
    assert failed("dismiss", "ffff").status == 2
    assert "no group ffff is dismissed" in failed("dismiss", "ffff", "--undo").err
    assert failed("requests", "--group").status == 2
    assert failed("requests", "--failed", "--group", "--since", "1h").status == 2
    assert "is no group of failures" in failed("requests", "--failure", "zz").err


def test_messages_without_end_are_not_groups_without_end(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=SCRIPT)
    stead.serve()

    def words(first: str) -> None:
        post(stead, *(f"say {first}{a}{b}" for a in "ghijklmnopqrs" for b in "ghijklmnopqrst"))

    with ThreadPoolExecutor(6) as devices:
        list(devices.map(words, "ghijkl"))
    sent = 6 * 13 * 14
    assert sent > MOST_GROUPS
    found = groups(stead, "--limit", "1000")
    assert sum(each["count"] for each in groups(stead, "--limit", "1000")) <= sent
    [others] = [each for each in found if each["reason"] == "other reasons"]
    assert others["count"] == sent - MOST_GROUPS
    assert len(stead.requests("--failure", others["id"])) == others["count"]
