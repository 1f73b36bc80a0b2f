"""Bodies as they are shown: JSON as it was sent, bytes in hex, and never a control character raw."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

import themes
from console.widgets.document import Document, folds, overlaid, sliced
from console.widgets.hex_view import HexView
from console.widgets.json_text import json_colours, pretty_json
from console.widgets.request_view import natural_view


class Shown(App[None]):
    """Both kinds of view, side by side in the test."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.default_variables()

    def compose(self) -> ComposeResult:
        yield Document(id="text")
        yield HexView(id="hex")


def screen_text(view: Document) -> str:
    return "\n".join(view.render_line(y).text.rstrip() for y in range(view.size.height)).rstrip()


def test_json_is_indented_and_otherwise_exactly_as_it_was_sent() -> None:
    lines = pretty_json(b'{"a":1.50,"a":1E400,"big":12345678901234567890123,"t":"\\u001b\\/"}')
    assert lines == [
        "{",
        '  "a": 1.50,',
        '  "a": 1E400,',
        '  "big": 12345678901234567890123,',
        '  "t": "\\u001b\\/"',
        "}",
    ]


@pytest.mark.parametrize("payload", [b"", b"hello", b"12", b'{"a":1', b"\xff\x00", b"[" * 100_000, b'{"a":"\x1b"}'])
def test_what_is_no_json_document_is_not_shown_as_one(payload: bytes) -> None:
    assert pretty_json(payload) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), values, max_size=4))
def test_every_json_object_keeps_its_meaning_and_every_character_its_place(value: dict[str, object]) -> None:
    lines = pretty_json(json.dumps(value).encode())
    assert lines is not None
    assert json.loads("\n".join(lines)) == value
    for line in lines:
        assert "".join(text for text, _ in json_colours(line)) == line


@given(st.text(max_size=60))
def test_colours_change_no_character_of_any_line(line: str) -> None:
    assert "".join(text for text, _ in json_colours(line)) == line


@given(st.text(alphabet="aé中 \U0001f600", max_size=80), st.integers(4, 20))
def test_folding_loses_nothing(line: str, width: int) -> None:
    parts = folds(0, line, width)
    assert "".join(line[start:stop] for _, start, stop in parts) == line


@given(st.lists(st.text(max_size=5), max_size=5), st.integers(0, 20), st.integers(0, 20))
def test_a_match_laid_over_pieces_changes_no_character(texts: list[str], start: int, stop: int) -> None:
    start, stop = sorted((start, stop))
    pieces = [(text, "") for text in texts]
    whole = "".join(texts)
    laid = overlaid(pieces, start, stop, "found")
    assert "".join(text for text, _ in laid) == whole
    assert "".join(text for text, name in laid if name == "found") == whole[start:stop]
    assert "".join(text for text, _ in sliced(pieces, start, stop)) == whole[start:stop]


@pytest.mark.parametrize(
    ("payload", "way"),
    [
        (b'{"a": 1}', "json"),
        (b"plain\r\ntext\twith tabs", "text"),
        ("Übertragung 中".encode(), "text"),
        (bytes(range(256)), "hex"),
        (b"\x01\x02\x03\x04" * 8, "hex"),
        (b"a" * (256 * 1024 - 1) + "é".encode(), "text"),
    ],
)
def test_a_body_is_shown_as_it_is_read_best(payload: bytes, way: str) -> None:
    assert natural_view(payload) == way


async def test_control_characters_are_shown_as_signs() -> None:
    app = Shown()
    async with app.run_test(size=(60, 20)):
        view = app.query_one("#text", Document)
        view.show(["\x1b]0;title\x07\x1b[31mred", "a\tb", "right\u202eleft", "\x9b2J"])
        shown = screen_text(view).split("\n")
        assert shown == ["␛]0;title␇␛[31mred", "a   b", "right<202e>left", "<009b>2J"]


async def test_long_lines_are_folded_and_searched() -> None:
    app = Shown()
    async with app.run_test(size=(40, 24)):
        view = app.query_one("#text", Document)
        view.show(["x" * 100 + "Needle" + "y" * 100, "needle", *(["filler"] * 100), "NEEDLE"])
        assert view.search("needle") == 3
        assert view.step(1) == "2 of 3"
        assert view.step(1) == "3 of 3"
        assert "NEEDLE" in screen_text(view)
        assert view.step(1) == "1 of 3"
        assert view.step(-1) == "3 of 3"
        view.show(["İ" * 200 + "end"])
        assert view.search("END") == 1
        assert "end" in screen_text(view)
        assert view.search("nowhere") == 0
        assert view.step(1) == ""


async def test_bytes_are_found_as_text_and_as_hex() -> None:
    app = Shown()
    async with app.run_test(size=(80, 24)):
        view = app.query_one("#hex", HexView)
        view.show_bytes(bytes(range(256)) * 8 + b"needle")
        first = screen_text(view).split("\n")[0].strip()
        assert first.startswith("00000000  00 01 02 03")
        assert view.search("needle") == 1
        assert "needle" in screen_text(view)
        assert view.search("fe ff 00") == 7
        assert view.step(-1) == "7 of 7"
