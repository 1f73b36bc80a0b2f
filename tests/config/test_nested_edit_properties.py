"""Whatever a composite decoder looks like: an edit of one of its choices changes that one and loses no comment."""

import tomllib
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tenant_documents import Component, documents
from test_edit_properties import CATALOGUE, DOCUMENTS, Written, comments_of, listed

from core.config.edits import apply_edits, component_text
from core.control.configurations import Edit

Picked = tuple[str, Component, str]
"""The path of a list of choices, its source, and that source's id."""


def pick(draw: st.DataObject, sources: dict[str, Component]) -> Picked | None:
    """A source whose decoder has choices."""
    able = sorted(id for id, source in sources.items() if source.choices or source.inline)
    if not able:
        return None
    id = draw.draw(st.sampled_from(able))
    return f"event_sources/{id}/decoder/choices", sources[id], id


def tokens(source: Component) -> list[str]:
    return [*source.choices, *source.inline]


def choices(text: str, id: str) -> list[dict[str, Any]]:
    source = next(source for source in listed(text) if source["id"] == id)
    return source["decoder"].get("choices", [])


def others(text: str, id: str) -> Any:
    """All that the text says but for the choices of that source."""
    data = tomllib.loads(text)
    for source in data["device_communication"]["event_sources"]:
        if source["id"] == id:
            source["decoder"].pop("choices", None)
    return data


@DOCUMENTS
@given(documents(), st.data())
def test_removing_a_choice_takes_its_comments_and_no_others(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (picked := pick(draw, sources)) is None:
        return
    path, source, id = picked
    token = draw.draw(st.sampled_from(tokens(source)))
    after = apply_edits(text, [Edit(op="remove", path=f"{path}/{token}")], CATALOGUE)
    assert choices(after, id) == [choice for choice in choices(text, id) if choice["token"] != token]
    assert others(after, id) == others(text, id)
    own = source.choices[token].comments if token in source.choices else []
    gone = Counter(comments_of(text)) - Counter(comments_of(after))
    assert gone == Counter(comment.strip() for comment in own)


@DOCUMENTS
@given(documents(), st.data())
def test_moving_a_choice_takes_its_text_along(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (picked := pick(draw, sources)) is None:
        return
    path, source, id = picked
    token = draw.draw(st.sampled_from(tokens(source)))
    to = draw.draw(st.integers(0, len(tokens(source)) - 1))
    after = apply_edits(text, [Edit(op="move", path=f"{path}/{token}", to=to)], CATALOGUE)
    order = [other for other in tokens(source) if other != token]
    order.insert(to, token)
    assert [choice["token"] for choice in choices(after, id)] == order
    assert others(after, id) == others(text, id)
    assert comments_of(after) == comments_of(text)
    plain = after.replace("\r\n", "\n")
    for choice in source.choices.values():
        assert choice.text.rstrip("\n") in plain


@DOCUMENTS
@given(documents(), st.data())
def test_adding_and_removing_a_choice_gives_the_meaning_back(written: Written, draw: st.DataObject) -> None:
    text = written[0]
    able = sorted(source["id"] for source in listed(text) if source.get("decoder", {}).get("type") == "composite")
    if not able:
        return
    id = draw.draw(st.sampled_from(able))
    path = f"event_sources/{id}/decoder/choices"
    decoder = f"{path}/new one/decoder"
    edits = [
        Edit(op="add", path=path, type="device_specification", values={"token": "new one"}),
        Edit(op="add", path=decoder, type="composite"),
        Edit(op="add", path=f"{decoder}/choices", type="device_specification", values={"token": "t"}),
        Edit(op="add", path=f"{decoder}/metadata_extractor", type="groovy", values={"script": "e.groovy"}),
        Edit(op="add", path=f"{decoder}/choices/t/decoder", type="json"),
        Edit(op="set", path=f"{decoder}/choices/t", values={"token": "u"}),
    ]
    after = apply_edits(text, edits, CATALOGUE)
    inner = {
        "type": "composite",
        "choices": [{"type": "device_specification", "token": "u", "decoder": {"type": "json"}}],
        "metadata_extractor": {"type": "groovy", "script": "e.groovy"},
    }
    new = {"type": "device_specification", "token": "new one", "decoder": inner}
    assert choices(after, id) == [*choices(text, id), new]
    assert others(after, id) == others(text, id)
    assert comments_of(after) == comments_of(text)
    back = apply_edits(after, [Edit(op="remove", path=f"{path}/new one")], CATALOGUE)
    assert choices(back, id) == choices(text, id)
    assert others(back, id) == others(text, id)
    assert comments_of(back) == comments_of(text)


@DOCUMENTS
@given(documents(), st.data())
def test_setting_and_replacing_a_choice_keeps_every_comment(written: Written, draw: st.DataObject) -> None:
    text, sources, _ = written
    if (picked := pick(draw, sources)) is None:
        return
    path, source, id = picked
    token = draw.draw(st.sampled_from(tokens(source)))
    after = apply_edits(text, [Edit(op="set", path=f"{path}/{token}", values={"token": "é 1"})], CATALOGUE)
    assert [choice["token"] for choice in choices(after, id)] == [
        "é 1" if other == token else other for other in tokens(source)
    ]
    assert others(after, id) == others(text, id)
    assert comments_of(after) == comments_of(text)
    own = component_text(text, f"{path}/{token}", CATALOGUE)
    assert tomllib.loads(own) == next(choice for choice in choices(text, id) if choice["token"] == token)
    same = apply_edits(text, [Edit(op="replace", path=f"{path}/{token}", text=own)], CATALOGUE)
    assert listed(same) == listed(text)
    assert comments_of(same) == comments_of(text)
