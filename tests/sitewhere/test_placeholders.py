"""Properties files as Java reads them, and placeholders as Spring fills them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import TidegateError
from core.sitewhere.placeholders import Placeholders, Unresolved
from core.sitewhere.properties import read_properties

VALUES = {
    "host": "broker",
    "port": "1883",
    "name": "host",
    "address": "${host}:${port}",
    "me": "${me}",
    "one": "${other}",
    "other": "${one:x}",
    "tenant.id": "theirs",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${host}", "broker"),
        ("tcp://${host}:${port}/", "tcp://broker:1883/"),
        ("${nobody:8484}", "8484"),
        ("${nobody:}", ""),
        ("${nobody:a:b}", "a:b"),
        ("${nobody:${port}}", "1883"),
        ("${${name}}", "broker"),
        ("${address}", "broker:1883"),
        ("${tenant.id}", "default"),
        ("${open", "${open"),
        ("$host {port}", "$host {port}"),
    ],
)
def test_placeholders_find_their_values(text: str, value: str) -> None:
    assert Placeholders("default", VALUES).resolve(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${nobody}", "${nobody}, which has no value"),
        ("${sitewhere.home}/x", "${sitewhere.home}"),
        ("${me}", "names itself"),
        ("${one}", "names itself"),
        ("#{systemProperties.x}", "Spring expression"),
        ("${" * 40 + "a" + "}" * 40, "too deeply"),
    ],
)
def test_what_has_no_value_says_why(text: str, words: str) -> None:
    with pytest.raises(Unresolved) as caught:
        Placeholders("default", VALUES).resolve(text)
    assert words in str(caught.value)


def test_this_machines_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_HOST", "secret")
    with pytest.raises(Unresolved):
        Placeholders("default", {}).resolve("${MQTT_HOST}")


def test_properties_cannot_grow_without_end() -> None:
    grown = {f"p{n}": f"${{p{n + 1}}}" * 10 for n in range(12)} | {"p12": "ha"}
    empty = {f"p{n}": f"${{p{n + 1}}}" * 10 for n in range(12)} | {"p12": ""}
    for values in (grown, empty):
        began = time.monotonic()
        with pytest.raises(Unresolved):
            Placeholders("default", values).resolve("${p0}")
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt.host=localhost\n", {"mqtt.host": "localhost"}),
        ("a = 1\r\nb: 2\nc 3\nd\n", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ("# no\n! no\n\n  a=1", {"a": "1"}),
        ("a=1, \\\n   2, \\\n   3\nb=4", {"a": "1, 2, 3", "b": "4"}),
        ("a\\=b=c\\:\\ d", {"a=b": "c: d"}),
        ("a=\\u00e9\\t\\\\", {"a": "é\t\\"}),
        ("a=\\ud83d\\ude00", {"a": "😀"}),
        ("a=1\na=2", {"a": "2"}),
        ("a=tail \\", {"a": "tail "}),
        ("\ufeffa=1", {"a": "1"}),
    ],
)
def test_properties_are_read_as_java_reads_them(text: str, expected: dict[str, str]) -> None:
    assert read_properties(text) == expected


def test_a_bad_escape_names_its_line() -> None:
    with pytest.raises(TidegateError, match="line 2 of the properties file"):
        read_properties("a=1\nb=\\u12")


@given(st.text("ab=:# \\u12\n\t!é"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_properties(text)
    except TidegateError as error:
        assert "line" in str(error)  # noqa: PT017 - most texts raise nothing
    else:
        assert all(isinstance(name, str) for name in found)


@given(st.dictionaries(st.sampled_from("abc"), st.text("ab${:}", max_size=12)), st.text("abc${:}", max_size=20))
def test_any_value_is_filled_or_refused(values: dict[str, str], text: str) -> None:
    try:
        filled = Placeholders("default", values).resolve(text)
    except Unresolved:
        return
    if "${" not in text:
        assert filled == text
