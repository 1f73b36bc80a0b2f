"""The filter language: what each word means, and what is said of one that means nothing."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.filter import FIELDS, FilterError, parse_filter


class Subject(msgspec.Struct, kw_only=True):
    tenant: str = "default"
    event_source: str = "lora"
    devices: Sequence[str] = ("278998", "Gate-1")
    types: Sequence[str] = ("Measurements", "Alert")
    levels: Sequence[str] = ("Warning",)
    outcome: str = "decoded"
    status: int | None = 200
    remote: str = "10.0.0.7:51234"
    method: str | None = "POST"
    target: str | None = "/lora/up?k=1"
    reason: str | None = None
    milliseconds: float = 12.5
    size: int = 2048
    event_count: int = 2
    payload: bytes = b'{"id": "278998", "Text": "two words", "rate": 5}'


FAILED = Subject(outcome="failed", reason="KeyError: 'id' is missing", status=422, devices=[], types=[], levels=[])
NO_HTTP = Subject(method=None, target=None, status=None)
V6 = Subject(remote="[2001:db8::1]:5")


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("", Subject(), True),
        ("   ", Subject(), True),
        ("tenant:default source:lora", Subject(), True),
        ("tenant:default source:lorax", Subject(), False),
        ("tenant:DEFAULT", Subject(), False),
        ("device:278998", Subject(), True),
        ("device:2789", Subject(), False),
        ("device:2789*", Subject(), True),
        ("device:*-1", Subject(), True),
        ("device:*", FAILED, False),
        ("-device:278998", Subject(), False),
        ("-device:other", Subject(), True),
        ("type:alert", Subject(), True),
        ("type:LOCATION", Subject(), False),
        ("type:meas*", Subject(), True),
        ("type:*", FAILED, False),
        ("level:warning", Subject(), True),
        ("level:error", Subject(), False),
        ("outcome:Decoded", Subject(), True),
        ("-outcome:decoded", FAILED, True),
        ("outcome:*ed", FAILED, True),
        ("status:200", Subject(), True),
        ("status:>=400", Subject(), False),
        ("status:>=400", FAILED, True),
        ("status:4*", FAILED, True),
        ("status:*", NO_HTTP, False),
        ("-status:*", NO_HTTP, True),
        ("status:<500", NO_HTTP, False),
        ("remote:10.0.0.7", Subject(), True),
        ("remote:10.0.0.7:51234", Subject(), True),
        ("remote:10.0.*", Subject(), True),
        ("remote:10.0.0", Subject(), False),
        ("remote:2001:db8::1", V6, True),
        ("method:post", Subject(), True),
        ("method:P*", Subject(), True),
        ("method:*", NO_HTTP, False),
        ("target:/lora/up", Subject(), True),
        ("target:/lora/up?k=1", Subject(), True),
        ("target:/lora", Subject(), False),
        ("target:/lora*", Subject(), True),
        ("reason:keyerror", FAILED, True),
        ('reason:"is missing"', FAILED, True),
        ("reason:key*missing", FAILED, True),
        ("reason:missing*key", FAILED, False),
        ("reason:*", Subject(), False),
        ("ms:>10", Subject(), True),
        ("ms:<=12.5", Subject(), True),
        ("ms:>1s", Subject(), False),
        ("bytes:>1k", Subject(), True),
        ("bytes:2KiB", Subject(), True),
        ("bytes:=2048", Subject(), True),
        ("bytes:>1MB", Subject(), False),
        ("events:2", Subject(), True),
        ("events:0", Subject(), False),
        ("TWO", Subject(), True),
        ('"two words"', Subject(), True),
        ("two words", Subject(), True),
        ('"words two"', Subject(), False),
        ('"\\"rate\\": 5"', Subject(), True),
        ('{"id":', Subject(), True),
        ("id*rate", Subject(), True),
        ("rate*id", Subject(), False),
        ('"\\*"', Subject(), False),
        ("gate-1", Subject(), True),
        ("LORA/UP", Subject(), True),
        ("missing", FAILED, True),
        ("-missing", FAILED, False),
        ("grüße", Subject(payload="Viele GRÜSSE und Grüße".encode()), True),
        ("after", Subject(payload=b"x" * 4096 + b"after"), False),
        ("--5", Subject(payload=b"-5"), False),
        ("12:30", Subject(payload=b"at 12:30"), True),
        ("Status:200", Subject(), True),
    ],
)
def test_what_a_filter_means(text: str, subject: Subject, expected: bool):
    assert parse_filter(text).matches(subject) is expected


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("tpye:alert", 1, "did you mean type:?"),
        ("rssi -sorce:lora", 7, "did you mean source:?"),
        ("http://x", 1, "quotes"),
        ("level:warn", 7, "did you mean warning?"),
        ("outcome:lost", 9, "decoded, failed, refused"),
        ("status:ok", 8, "status:404"),
        ("ms:>", 4, "ms:>10"),
        ("bytes:>1parsec", 7, "bytes:>1k"),
        ("status:>4*", 8, "status:4*"),
        ("device:", 8, "needs a value"),
        ('a device:""', 10, "needs a value"),
        ("a -", 3, "nothing to look for"),
        ('source:"lo', 8, "no partner"),
        ('"a"b', 4, "space"),
        ("x" * 5000, 4097, "4096"),
    ],
)
def test_a_fault_is_shown_at_its_column(text: str, column: int, says: str):
    with pytest.raises(FilterError) as raised:
        parse_filter(text)
    assert raised.value.column == column
    assert says in raised.value.message
    assert str(raised.value).startswith(f"filter: column {column}: ")


pieces = st.one_of(
    st.sampled_from(["-", '"', "\\", "*", ":", " ", ">", ">=", "<", "=", "4", "1k", *(f"{name}:" for name in FIELDS)]),
    st.text(max_size=5),
)
subjects = st.builds(
    Subject,
    devices=st.lists(st.text(max_size=8), max_size=3),
    target=st.none() | st.text(max_size=10),
    reason=st.none() | st.text(max_size=10),
    payload=st.binary(max_size=40) | st.text(max_size=20).map(str.encode),
    status=st.none() | st.integers(100, 599),
    milliseconds=st.floats(0, 1e6),
    size=st.integers(0, 10**7),
)


@given(st.lists(pieces, max_size=12).map("".join), subjects)
def test_any_text_is_a_filter_or_a_filter_error(text: str, subject: Subject):
    try:
        parsed = parse_filter(text)
    except FilterError as error:
        column = error.column
    else:
        column = 1
        assert parsed.matches(subject) in (True, False)
    assert 1 <= column <= len(text) + 1


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'"{escaped}"'


@given(st.text(min_size=1, max_size=12), subjects)
def test_any_text_can_be_looked_for_in_quotes(text: str, subject: Subject):
    found = parse_filter(quoted(text)).matches(subject)
    needle = text.lower()
    within = [subject.target or "", subject.reason or "", *subject.devices, subject.payload.decode("utf-8", "replace")]
    # Of ASCII text in a payload only ASCII case is folded, as in the bytes themselves.
    expected = any(needle in each.lower() for each in within[:-1])
    in_payload = needle.encode() in subject.payload.lower() if text.isascii() else needle in within[-1].lower()
    assert found == (expected or in_payload)


@given(st.text(min_size=1, max_size=12), subjects)
def test_a_device_is_met_exactly(device: str, subject: Subject):
    assert parse_filter(f"device:{quoted(device)}").matches(subject) == (device in subject.devices)


@given(
    st.sampled_from(["ms", "bytes", "status"]),
    st.sampled_from([">", ">=", "<", "<=", "="]),
    st.integers(0, 10**6),
    subjects,
)
def test_numbers_compare(field: str, sign: str, number: int, subject: Subject):
    value = {"ms": subject.milliseconds, "bytes": subject.size, "status": subject.status}[field]
    holds = {
        ">": lambda: value > number,
        ">=": lambda: value >= number,
        "<": lambda: value < number,
        "<=": lambda: value <= number,
        "=": lambda: value == number,
    }
    expected = value is not None and holds[sign]()
    assert parse_filter(f"{field}:{sign}{number}").matches(subject) == expected
    assert parse_filter(f"-{field}:{sign}{number}").matches(subject) == (not expected)


@given(st.text("ab*", min_size=1, max_size=8), st.text("ab", max_size=12))
def test_wildcards_mean_what_they_say(pattern: str, device: str):
    def meets(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return meets(pattern[1:], text) or (bool(text) and meets(pattern, text[1:]))
        return bool(text) and text[0] == pattern[0] and meets(pattern[1:], text[1:])

    assert parse_filter(f"device:{pattern}").matches(Subject(devices=[device])) == meets(pattern, device)


def test_a_wildcard_cannot_hold_the_engine_up():
    subject = Subject(payload=b"a" * 4096)
    assert not parse_filter("*a" * 2000 + "*b").matches(subject)
