"""Edits by name: what they write, what they refuse, and how they meet unusual ways of writing TOML."""

import tomllib
from typing import Any

import pytest

from core.catalogue.registry import catalogue
from core.config.edits import apply_edits, component_text
from core.config.places import typed_values
from core.control.configurations import Edit
from core.errors import ConfigurationError, NotFound, TidegateError

CATALOGUE = catalogue()
TENANT = '[tenant]\nid = "default"\nname = "Default"\n'


def edit(text: str, op: Any, path: str, /, **rest: Any) -> str:
    return apply_edits(text, [Edit(op=op, path=path, **rest)], CATALOGUE)


def sources(text: str) -> list[dict[str, Any]]:
    return tomllib.loads(text)["device_communication"]["event_sources"]


def test_adding_writes_what_a_person_would_write() -> None:
    text = edit(TENANT, "add", "event_sources", type="socket", values={"id": "lora", "port": 8484})
    text = edit(text, "add", "event_sources/lora/decoder", type="python", values={"script": "lora.py"})
    text = edit(text, "add", "event_sources/lora/interaction_handler", type="http", values={"paths": ["/a", "/b"]})
    text = edit(text, "add", "event_sources", type="socket", values={"id": "two"})
    assert text == TENANT + (
        "\n[[device_communication.event_sources]]\n"
        'type = "socket"\nid = "lora"\nport = 8484\n'
        "\n[device_communication.event_sources.interaction_handler]\n"
        'type = "http"\npaths = ["/a", "/b"]\n'
        "\n[device_communication.event_sources.decoder]\n"
        'type = "python"\nscript = "lora.py"\n'
        "\n[[device_communication.event_sources]]\n"
        'type = "socket"\nid = "two"\n'
    )


def test_a_component_can_be_added_with_what_fills_its_slots() -> None:
    values = {"id": "a", "decoder": {"type": "json"}, "port": 3}
    text = edit(TENANT, "add", "event_sources", type="socket", values=values)
    assert sources(text) == [{"type": "socket", **values}]
    assert "[device_communication.event_sources.decoder]" in text


LORA = TENANT + (
    "\n# the gateway\n[[device_communication.event_sources]] # lora\n"
    'type = "socket"\nid = "lora"\nport = 8484 # its port\n# drain = "3 s"\n'
    "\n[device_communication.event_sources.decoder]\n"
    'type = "python"\nscript = "lora.py"\n'
)


def test_setting_changes_values_in_their_place() -> None:
    text = edit(LORA, "set", "event_sources/lora", values={"port": 8485, "threads": 2})
    assert text == LORA.replace("port = 8484 # its port\n", "port = 8485 # its port\nthreads = 2\n")
    assert edit(text, "set", "event_sources/lora", values={"threads": None}) == text.replace("threads = 2\n", "")
    assert edit(LORA, "set", "event_sources/lora", values={"threads": None}) == LORA


def test_a_component_is_replaced_below_its_own_header() -> None:
    own = component_text(LORA, "event_sources/lora", CATALOGUE)
    assert own == (
        'type = "socket"\nid = "lora"\nport = 8484 # its port\n# drain = "3 s"\n'
        '\n[decoder]\ntype = "python"\nscript = "lora.py"\n'
    )
    assert edit(LORA, "replace", "event_sources/lora", text=own) == LORA
    text = edit(
        LORA, "replace", "event_sources/lora", text='type = "socket"\nid = "x"\n[interaction_handler]\ntype = "http"'
    )
    assert text == TENANT + (
        "\n# the gateway\n[[device_communication.event_sources]] # lora\n"
        'type = "socket"\nid = "x"\n[device_communication.event_sources.interaction_handler]\ntype = "http"\n'
    )
    with pytest.raises(ConfigurationError, match="1: is no TOML"):
        edit(LORA, "replace", "event_sources/lora", text="type = ")


@pytest.mark.parametrize(
    ("op", "path", "rest", "message"),
    [
        ("set", "event_sources/lara", {}, "there is no event_sources/lara; did you mean event_sources/lora?"),
        ("set", "event_source/lora", {}, "there is no place event_source; did you mean event_sources?"),
        ("set", "tenants", {}, "there is no place tenants; did you mean tenant?"),
        ("remove", "event_sources/lora/interaction_handler", {}, "there is no event_sources/lora/interaction_handler"),
        ("set", "event_sources/lora/decodr", {}, "no place event_sources/lora/decodr; did you mean decoder?"),
        ("set", "event_sources", {"values": {"port": 1}}, "event_sources is a list: name one of it"),
        (
            "set",
            "event_sources/lora",
            {"values": {"prt": 1}},
            "event_sources.lora.prt: is not a setting; did you mean port",
        ),
        ("set", "event_sources/lora", {"values": {"decoder": {}}}, "event_sources/lora/decoder is a component"),
        ("add", "event_sources/lora/decoder", {"type": "json"}, "event_sources/lora/decoder is filled already"),
        ("add", "event_sources", {"type": "sokket"}, "event_sources: 'sokket' is no known type; did you mean socket?"),
        ("add", "event_sources", {"type": "socket"}, "a Socket Event Source needs an id"),
        ("add", "event_sources", {"type": "socket", "values": {"id": "a b"}}, "'a b' is no id"),
        ("add", "event_sources", {"type": "socket", "values": {"id": "lora"}}, "event_sources/lora is there already"),
        ("add", "event_sources", {"type": "socket", "values": {"id": "x", "prt": 1}}, "did you mean port?"),
        ("add", "tenant", {"type": "socket"}, "tenant takes no components"),
        ("remove", "tenant", {}, "tenant cannot be removed"),
        ("move", "event_sources/lora", {"to": 1}, "event_sources/lora can go to places 0 to 0, not to 1"),
        ("move", "event_sources/lora/decoder", {"to": 0}, "event_sources/lora/decoder stands in no list"),
        ("replace", "event_sources/lora", {"text": 'id = "a b"'}, "'a b' is no id"),
        ("replace", "event_sources/lora", {"text": ""}, "event_sources/lora needs an id"),
        ("set", "event_sources/lora", {"values": {"port": {"a": None}}}, "TOML has no word for nothing"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(op: Any, path: str, rest: dict[str, Any], message: str) -> None:
    with pytest.raises(TidegateError) as raised:
        edit(LORA, op, path, **rest)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_source_is_not_renamed_to_another() -> None:
    text = edit(LORA, "add", "event_sources", type="socket", values={"id": "two"})
    with pytest.raises(TidegateError, match="event_sources/two is there already"):
        edit(text, "set", "event_sources/lora", values={"id": "two"})


def test_sources_without_an_id_of_their_own_go_by_their_place() -> None:
    text = LORA + '\n[[device_communication.event_sources]]\ntype = "socket"\nid = "lora"\n'
    assert edit(text, "remove", "event_sources/#2") == LORA
    assert [source["id"] for source in sources(edit(text, "set", "event_sources/#2", values={"id": "b"}))] == [
        "lora",
        "b",
    ]


INLINE = (
    "[device_communication]\n"
    "event_sources = [\n"
    '  { type = "socket", id = "a", port = 1, decoder = { type = "json" } },\n'
    '  { id = "b", type = "socket" },\n'
    "]\n"
)


def test_inline_tables_are_edited_as_they_are_written() -> None:
    assert edit(INLINE, "set", "event_sources/b", values={"port": 2}) == INLINE.replace(
        'type = "socket" },\n]', 'type = "socket", port = 2 },\n]'
    )
    assert edit(INLINE, "set", "event_sources/a", values={"port": None}) == INLINE.replace("port = 1, ", "")
    assert edit(INLINE, "remove", "event_sources/a/decoder") == INLINE.replace(', decoder = { type = "json" }', "")
    added = edit(INLINE, "add", "event_sources/b/decoder", type="python", values={"script": "b.py"})
    assert sources(added)[1]["decoder"] == {"type": "python", "script": "b.py"}
    assert [source["id"] for source in sources(edit(INLINE, "move", "event_sources/b", to=0))] == ["b", "a"]
    assert [source["id"] for source in sources(edit(INLINE, "remove", "event_sources/a"))] == ["b"]
    more = edit(INLINE, "add", "event_sources", type="socket", values={"id": "c"})
    assert [source["id"] for source in sources(more)] == ["a", "b", "c"]
    assert component_text(INLINE, "event_sources/b", CATALOGUE) == 'id = "b"\ntype = "socket"\n'
    replaced = edit(INLINE, "replace", "event_sources/b", text='id = "b"\ntype = "socket"\nport = 7\n')
    assert replaced == INLINE.replace('id = "b", type = "socket"', 'id = "b", type = "socket", port = 7')
    with pytest.raises(TidegateError, match="has no block of its own"):
        edit(INLINE, "replace", "event_sources/b", text='id = "b" # a comment\n')


def test_comments_in_an_inline_list_are_never_lost() -> None:
    text = INLINE.replace('"socket" },\n]', '"socket" }, # the second\n]')
    for op, path, rest in [("remove", "event_sources/b", {}), ("move", "event_sources/b", {"to": 0})]:
        with pytest.raises(TidegateError, match=r"the value on line 2 has comments inside it: change it in the text"):
            edit(text, op, path, **rest)
    assert "# the second" in edit(text, "set", "event_sources/b", values={"port": 3})
    paths = (
        LORA + '\n[device_communication.event_sources.interaction_handler]\ntype = "http"\npaths = [\n"/a", # old\n]\n'
    )
    with pytest.raises(TidegateError, match="has comments inside it"):
        edit(paths, "set", "event_sources/lora/interaction_handler", values={"paths": ["/b"]})


def test_an_empty_inline_list_becomes_a_list_of_headers() -> None:
    text = edit(
        "[device_communication]\nevent_sources = []\n", "add", "event_sources", type="socket", values={"id": "a"}
    )
    assert text == '[device_communication]\n\n[[device_communication.event_sources]]\ntype = "socket"\nid = "a"\n'


def test_dotted_keys_are_edited_as_they_are_written() -> None:
    text = '[[device_communication.event_sources]]\nid = "a"\ntype = "socket"\n  decoder.type = "json" # as is\n'
    changed = edit(text, "set", "event_sources/a/decoder", values={"type": "python", "script": "a.py"})
    assert changed == text.replace('"json" # as is', '"python" # as is') + '  decoder.script = "a.py"\n'
    assert edit(changed, "remove", "event_sources/a/decoder") == text[: text.index("  decoder")]


def test_windows_line_ends_and_a_missing_last_one() -> None:
    text = LORA.replace("\n", "\r\n").rstrip()
    for op, path, rest in [
        ("set", "event_sources/lora", {"values": {"threads": 2}}),
        ("set", "event_sources/lora/decoder", {"values": {"timeout": "3 s"}}),
        ("add", "event_sources", {"type": "socket", "values": {"id": "b"}}),
        ("add", "event_sources/lora/interaction_handler", {"type": "http"}),
        ("remove", "event_sources/lora/decoder", {}),
    ]:
        after = edit(text, op, path, **rest)
        assert after.count("\n") == after.count("\r\n")
        assert "# its port\r\n" in after


def test_headers_in_texts_and_odd_spellings_do_not_confuse() -> None:
    text = (
        '[ "tenant" ]\nname = """\n[[device_communication.event_sources]]\n# no comment\n"""\n\n'
        "[[ device_communication . 'event_sources' ]]\n\"id\" = 'a'\ntype = 'socket'\n"
    )
    assert edit(text, "set", "event_sources/a", values={"id": "b"}) == text.replace("'a'", '"b"')
    assert edit(text, "remove", "event_sources/a") == text[: text.index("\n[[ ")]
    renamed = edit(text, "set", "tenant", values={"name": "x\n[y]"})
    assert tomllib.loads(renamed)["tenant"]["name"] == "x\n[y]"


def test_tables_that_do_not_stand_together_are_not_moved() -> None:
    first = '[[device_communication.event_sources]]\nid = "a"\ntype = "socket"\n'
    text = (
        first + TENANT + '[device_communication.event_sources.decoder]\ntype = "json"\n' + first.replace('"a"', '"b"')
    )
    with pytest.raises(TidegateError, match="line 1 do not stand together: move it in the text"):
        edit(text, "move", "event_sources/a", to=1)
    assert sources(edit(text, "remove", "event_sources/a")) == [{"id": "b", "type": "socket"}]


def test_a_missing_tenant_table_is_made_at_the_top() -> None:
    assert edit("# top\n\n[device_communication]\n", "set", "tenant", values={"id": "a"}) == (
        '# top\n\n[tenant]\nid = "a"\n\n[device_communication]\n'
    )


def test_values_from_the_command_line_get_their_types() -> None:
    data = tomllib.loads(LORA)
    texts = {"id": "x", "port": "8485", "enabled": "false", "drain": "3 s", "bind_address": ""}
    assert typed_values(CATALOGUE, data, "event_sources", "socket", texts) == {
        "id": "x",
        "port": 8485,
        "enabled": False,
        "drain": "3 s",
        "bind_address": None,
    }
    assert typed_values(CATALOGUE, data, "event_sources/lora/decoder", "", {"type": "json", "script": ""}) == {
        "type": "json",
        "script": None,
    }
    http = {"methods": "POST, PUT", "success_body": '""'}
    assert typed_values(CATALOGUE, data, "event_sources/lora/interaction_handler", "http", http) == {
        "methods": ["POST", "PUT"],
        "success_body": "",
    }
    assert typed_values(CATALOGUE, data, "tenant", "", {"autostart": "true"}) == {"autostart": True}


def test_every_slip_on_the_command_line_is_named() -> None:
    data = tomllib.loads(LORA)
    with pytest.raises(ConfigurationError) as raised:
        typed_values(CATALOGUE, data, "event_sources/lora", "", {"prt": "1", "port": "x", "threads": "99"})
    assert [str(fault) for fault in raised.value.faults] == [
        "event_sources.lora.prt: is not a setting; did you mean port?",
        "event_sources.lora.port: 'x' is not a whole number",
        "event_sources.lora.threads: 99 is more than 64",
    ]
    with pytest.raises(NotFound, match="add it first"):
        typed_values(CATALOGUE, data, "event_sources/lora/interaction_handler", "", {"paths": "/a"})
