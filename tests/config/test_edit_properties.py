"""Whatever the text looks like: an edit changes what it means to change and no comment of anything else."""

import re
import tomllib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenant_documents import Component, documents

from core.catalogue.registry import catalogue
from core.config.document import Document
from core.config.edits import apply_edits, component_text
from core.control.configurations import Edit

CATALOGUE = catalogue()
settings.register_profile("documents", deadline=None, suppress_health_check=[HealthCheck.too_slow])
DOCUMENTS = settings.get_profile("documents")
Written = tuple[str, dict[str, Component], list[str]]


def listed(text: str) -> list[dict[str, Any]]:
    return tomllib.loads(text).get("device_communication", {}).get("event_sources", [])


def comments_of(text: str) -> list[str]:
    document = Document(text)
    return sorted(comment.strip() for comment in document.comments_in(0, len(text)))


def pick(draw: st.DataObject, sources: dict[str, Component]) -> str | None:
    return draw.draw(st.sampled_from(sorted(sources))) if sources else None


@DOCUMENTS
@given(documents())
def test_the_cut_finds_every_comment_and_every_line(written: Written) -> None:
    text, sources, comments = written
    document = Document(text)
    everything = [*comments, *(comment for source in sources.values() for comment in source.comments)]
    assert comments_of(text) == sorted(comment.strip() for comment in everything)
    lines = text.split("\n")
    for place, source in enumerate(listed(text)):
        at = ("device_communication", "event_sources", place)
        assert lines[document.line_of(at) - 1].startswith("[[device_communication.event_sources]]")
        for key in source:
            assert re.match(rf"\[.*{key}.*\]|{key}\b", lines[document.line_of((*at, key)) - 1])
    for block, after in zip(document.blocks, document.blocks[1:], strict=False):
        assert block.end <= after.start


@DOCUMENTS
@given(documents())
def test_every_value_is_found_where_it_stands(written: Written) -> None:
    document = Document(written[0])
    for entry in document.entries:
        value: Any = document.data
        for part in entry.path:
            value = value[part]
        assert tomllib.loads(f"x = {document.text[entry.start : entry.end]}")["x"] == value


@DOCUMENTS
@given(documents())
def test_no_edit_is_no_change(written: Written) -> None:
    text, sources, _ = written
    assert apply_edits(text, [], CATALOGUE) == text
    same = [Edit(op="set", path=f"event_sources/{id}", values={"type": "socket", "id": id}) for id in sources]
    same += [Edit(op="move", path=f"event_sources/{id}", to=place) for place, id in enumerate(sources)]
    assert apply_edits(text, same, CATALOGUE) == text


@DOCUMENTS
@given(documents(), st.data())
def test_removing_a_source_takes_its_comments_and_no_others(written: Written, draw: st.DataObject) -> None:
    text, sources, comments = written
    if (id := pick(draw, sources)) is None:
        return
    after = apply_edits(text, [Edit(op="remove", path=f"event_sources/{id}")], CATALOGUE)
    assert listed(after) == [source for source in listed(text) if source["id"] != id]
    kept = [*comments, *(comment for other, source in sources.items() if other != id for comment in source.comments)]
    assert comments_of(after) == sorted(comment.strip() for comment in kept)


@DOCUMENTS
@given(documents(), st.data())
def test_moving_a_source_takes_its_text_along(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (id := pick(draw, sources)) is None:
        return
    to = draw.draw(st.integers(0, len(sources) - 1))
    after = apply_edits(text, [Edit(op="move", path=f"event_sources/{id}", to=to)], CATALOGUE)
    order = [other for other in sources if other != id]
    order.insert(to, id)
    assert [source["id"] for source in listed(after)] == order
    assert comments_of(after) == comments_of(text)
    plain = after.replace("\r\n", "\n")
    for source in sources.values():
        assert source.text.rstrip("\n") in plain


@DOCUMENTS
@given(documents(), st.data())
def test_setting_keys_keeps_every_comment(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (id := pick(draw, sources)) is None:
        return
    value = draw.draw(st.one_of(st.integers(), st.text(max_size=20), st.booleans()))
    edits = [
        Edit(op="set", path=f"event_sources/{id}", values={"port": value, "bind_address": value}),
        Edit(op="set", path="tenant", values={"name": value}),
    ]
    handled = any(source["id"] == id and "interaction_handler" in source for source in listed(text))
    if handled:
        path = f"event_sources/{id}/interaction_handler"
        edits.append(Edit(op="set", path=path, values={"success_body": value, "max_body": value}))
    after = apply_edits(text, edits, CATALOGUE)
    meant = listed(text)
    for source in meant:
        if source["id"] == id:
            source |= {"port": value, "bind_address": value}
            if handled:
                source["interaction_handler"] |= {"success_body": value, "max_body": value}
    assert listed(after) == meant
    assert comments_of(after) == comments_of(text)
    back = apply_edits(after, [Edit(op="set", path=f"event_sources/{id}", values={"bind_address": None})], CATALOGUE)
    assert "bind_address" not in next(source for source in listed(back) if source["id"] == id)


@DOCUMENTS
@given(documents(), st.data())
def test_adding_and_removing_a_component_gives_the_text_back(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    edits = [
        Edit(op="add", path="event_sources", type="socket", values={"id": "new", "port": 1}),
        Edit(op="add", path="event_sources/new/decoder", type="json"),
        Edit(op="add", path="event_sources/new/interaction_handler", type="http", values={"paths": ["/a", "/b"]}),
    ]
    after = apply_edits(text, edits, CATALOGUE)
    new = {
        "type": "socket",
        "id": "new",
        "port": 1,
        "decoder": {"type": "json"},
        "interaction_handler": {"type": "http", "paths": ["/a", "/b"]},
    }
    assert listed(after) == [*listed(text), new]
    assert after.startswith(
        text.rstrip("\r\n") if not sources else text[: Document(text).blocks[-1].end].rstrip("\r\n")
    )
    assert comments_of(after) == comments_of(text)
    back = apply_edits(after, [Edit(op="remove", path="event_sources/new")], CATALOGUE)
    assert back.rstrip() == text.rstrip()


@DOCUMENTS
@given(documents(), st.data())
def test_what_is_replaced_by_its_own_text_stays_byte_for_byte(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (id := pick(draw, sources)) is None:
        return
    path = f"event_sources/{id}"
    own = component_text(text, path, CATALOGUE)
    assert tomllib.loads(own) == next(source for source in listed(text) if source["id"] == id)
    after = apply_edits(text, [Edit(op="replace", path=path, text=own)], CATALOGUE)
    assert listed(after) == listed(text)
    assert comments_of(after) == comments_of(text)


TOML = st.text("[]{}\"'=.,# \n\r\\abx1\x00é\ud800", max_size=60)


@settings(max_examples=300, deadline=None)
@given(TOML)
def test_no_text_breaks_the_reader(text: str) -> None:
    from core.config.tenant import read_tenant

    read = read_tenant(text, "/home/tenants/x/tenant.toml", CATALOGUE)
    assert read.faults  # [tenant] is missing at least
    assert all(fault.message and fault.file for fault in read.faults)
