"""What is no tenant configuration is refused with a sentence, and nothing is read or grown on its behalf."""

import codecs
import time
from pathlib import Path

import pytest

from core.errors import TidegateError
from core.sitewhere.tenant_xml import read_tenant_xml
from core.sitewhere.xml import MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS, read_xml
from tests.sitewhere.documents import SPRING_URI, TENANT_URI, TUTORIAL_SOURCE, of_sources

LAUGHS = b'<!DOCTYPE b [<!ENTITY a "ha">%s]><b>&a9;</b>' % b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(10)
)


def refused(raw: bytes) -> str:
    with pytest.raises(TidegateError) as caught:
        read_tenant_xml(raw)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_entity_bomb_is_refused_at_once() -> None:
    began = time.monotonic()
    assert "DOCTYPE or entities" in refused(LAUGHS)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE b [<!ENTITY x SYSTEM "file://{path}">]><b>&x;</b>',
        '<!DOCTYPE b SYSTEM "file://{path}"><b/>',
        '<!DOCTYPE b [<!ENTITY % x SYSTEM "file://{path}"> %x;]><b/>',
    ],
)
def test_no_other_file_is_read(tmp_path: Path, declared: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    sentence = refused(declared.replace("{path}", str(secret)).encode())
    assert "DOCTYPE or entities" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "this is no XML: no element found at line 1"),
        (b"\x00\x01\x02", "this is no XML"),
        (b"[tenant]\nid = 1\n", "this is no XML: syntax error at line 1, column 1"),
        (b"<a><b></a>", "mismatched tag at line 1"),
        (b"<a/><b/>", "junk after document element at line 1"),
        (b"<a>&nobody;</a>", "undefined entity"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (b"<html/>", "its root is <html>"),
        (f'<beans xmlns="{SPRING_URI}"/>'.encode(), "where Spring's <beans>"),
        (b'<tenant-configuration xmlns="urn:other"/>', "its root is <tenant-configuration>"),
        (b'<configuration xmlns="http://www.sitewhere.com/schema/sitewhere/ce"/>', "the server's own configuration"),
        (b"<a>" * (MOST_DEPTH + 1) + b"</a>" * (MOST_DEPTH + 1), "nests deeper"),
        (b"<a>" + b"<b/>" * MOST_ELEMENTS + b"</a>", "more than 20,000 elements"),
        (b"<a>" + b" " * MOST_BYTES + b"</a>", "4.0 MiB are the most"),
    ],
)
def test_what_is_refused_says_why(raw: bytes, words: str) -> None:
    assert words in refused(raw)


@pytest.mark.parametrize(
    "raw",
    [
        codecs.BOM_UTF8 + of_sources(TUTORIAL_SOURCE),
        of_sources(TUTORIAL_SOURCE).replace(b'encoding="UTF-8"', b"").decode().encode("utf-16"),
        of_sources(TUTORIAL_SOURCE).replace(b"UTF-8", b"ISO-8859-1").replace(b"lora", b"l\xf6ra"),
        of_sources(TUTORIAL_SOURCE).replace(b"UTF-8", b"windows-1252").replace(b"lora", b"l\x80ra"),
    ],
    ids=["BOM", "UTF-16", "Latin-1", "windows-1252"],
)
def test_encodings(raw: bytes) -> None:
    source = read_tenant_xml(raw).sources[0]
    assert source.attributes["sourceId"] in ("lora", "löra", "l€ra")


def test_elements_know_their_line() -> None:
    root = read_xml(f'<a xmlns="{TENANT_URI}">\n<b/>\n\n<c x="1"\n/></a>'.encode())
    assert [(child.name, child.line) for child in root.children] == [("b", 2), ("c", 4)]
