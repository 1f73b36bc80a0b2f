"""A list inside a component: how its entries are named, edited, planned, taken back and found wanting."""

import tomllib
from typing import Any

import pytest

from core.catalogue.registry import catalogue
from core.catalogue.schema import tenant_schema
from core.config.edits import apply_edits
from core.config.places import typed_values
from core.config.plan import make_plan
from core.config.take_back import take_back
from core.config.tenant import TenantConfiguration, read_tenant
from core.config.used_scripts import used_scripts
from core.control.configurations import Change, Edit
from core.errors import TidegateError

CATALOGUE = catalogue()
DECODER = "event_sources/lora/decoder"
CHOICES = f"{DECODER}/choices"
BEGIN = """\
[tenant]
id = "default"
name = "Default"

[[device_communication.event_sources]]
type = "socket"
id = "lora"

[device_communication.event_sources.interaction_handler]
type = "http"
"""
COMPOSITE = (
    BEGIN
    + """
# by specification
[device_communication.event_sources.decoder]
type = "composite"

[device_communication.event_sources.decoder.metadata_extractor]
type = "groovy"
script = "extract.groovy"

# trackers
[[device_communication.event_sources.decoder.choices]]
type = "device_specification"
token = "tracker v2"

[device_communication.event_sources.decoder.choices.decoder]
type = "python"
script = "tracker.py"

# all else
[[device_communication.event_sources.decoder.choices]]
type = "device_specification"
token = "other"  # as the tag says

[device_communication.event_sources.decoder.choices.decoder]
type = "json"

[[device_communication.event_sources]]
type = "socket"
id = "two"
port = 8485
"""
)


def edit(text: str, op: Any, path: str, /, **rest: Any) -> str:
    return apply_edits(text, [Edit(op=op, path=path, **rest)], CATALOGUE)


def read(text: str) -> TenantConfiguration:
    return read_tenant(text, "/home/tenants/default/tenant.toml", CATALOGUE)


def faults(text: str) -> list[str]:
    return [str(fault).removeprefix("/home/tenants/default/tenant.toml:") for fault in read(text).faults]


def changes(text: str, active: str = COMPOSITE) -> list[Change]:
    return make_plan("default", active, text, CATALOGUE, "staged.toml").changes


def test_a_composite_is_built_as_a_person_would_write_it() -> None:
    text = edit(BEGIN, "add", DECODER, type="composite")
    text = edit(text, "add", CHOICES, type="device_specification", values={"token": "a"})
    text = edit(text, "add", f"{DECODER}/metadata_extractor", type="groovy", values={"script": "x.groovy"})
    text = edit(text, "add", f"{CHOICES}/a/decoder", type="json")
    text = edit(text, "add", CHOICES, type="device_specification", values={"token": "b c", "decoder": {"type": "json"}})
    assert text == BEGIN + (
        "\n[device_communication.event_sources.decoder]\n"
        'type = "composite"\n'
        "\n[device_communication.event_sources.decoder.metadata_extractor]\n"
        'type = "groovy"\nscript = "x.groovy"\n'
        "\n[[device_communication.event_sources.decoder.choices]]\n"
        'type = "device_specification"\ntoken = "a"\n'
        "\n[device_communication.event_sources.decoder.choices.decoder]\n"
        'type = "json"\n'
        "\n[[device_communication.event_sources.decoder.choices]]\n"
        'type = "device_specification"\ntoken = "b c"\n'
        "\n[device_communication.event_sources.decoder.choices.decoder]\n"
        'type = "json"\n'
    )


def test_a_component_with_lists_in_it_is_added_with_headers() -> None:
    decoder = tomllib.loads(COMPOSITE)["device_communication"]["event_sources"][0]["decoder"]
    text = edit(BEGIN, "add", DECODER, type="composite", values=decoder)
    assert tomllib.loads(text)["device_communication"]["event_sources"][0]["decoder"] == decoder
    assert text.count("[[device_communication.event_sources.decoder.choices]]") == 2
    assert "{" not in text


@pytest.mark.parametrize(
    ("op", "path", "rest", "message"),
    [
        ("add", CHOICES, {"type": "device_specification"}, "a Match Device Specification needs a token"),
        ("add", CHOICES, {"type": "device_specification", "values": {"token": "a/b"}}, "'a/b' is no token: 1 to 200"),
        ("add", CHOICES, {"type": "device_specification", "values": {"token": "#1"}}, "'#1' is no token"),
        ("add", CHOICES, {"type": "device_specification", "values": {"token": " a"}}, "' a' is no token"),
        (
            "add",
            CHOICES,
            {"type": "device_specification", "values": {"token": "other"}},
            "choices/other is there already: take another token",
        ),
        ("add", CHOICES, {"type": "json"}, "'json' is no known type; known here: device_specification"),
        ("set", CHOICES, {}, "is a list: name one of it, as in event_sources/lora/decoder/choices/TOKEN"),
        ("set", f"{CHOICES}/othr", {}, "there is no event_sources/lora/decoder/choices/othr; did you mean"),
        ("set", f"{CHOICES}/other", {"values": {"token": "tracker v2"}}, "choices/tracker v2 is there already"),
        ("set", f"{CHOICES}/other", {"values": {"token": None}}, "choices/other needs a token"),
        ("replace", f"{CHOICES}/other", {"text": 'token = "tracker v2"'}, "choices/tracker v2 is there already"),
        ("move", f"{CHOICES}/other", {"to": 2}, "can go to places 0 to 1, not to 2"),
        ("remove", CHOICES, {}, "event_sources/lora/decoder/choices cannot be removed"),
    ],
)
def test_what_cannot_be_done_is_refused(op: Any, path: str, rest: dict[str, Any], message: str) -> None:
    with pytest.raises(TidegateError) as raised:
        edit(COMPOSITE, op, path, **rest)
    assert message in str(raised.value)


def test_values_from_the_command_line_reach_into_a_list() -> None:
    data = tomllib.loads(COMPOSITE)
    assert typed_values(CATALOGUE, data, CHOICES, "device_specification", {"token": "x"}) == {"token": "x"}
    given = typed_values(CATALOGUE, data, f"{CHOICES}/tracker v2/decoder", "", {"timeout": "3 s"})
    assert given == {"timeout": "3 s"}


def test_scripts_are_found_wherever_they_stand() -> None:
    assert used_scripts(tomllib.loads(COMPOSITE), CATALOGUE) == {
        "extract.groovy": [f"{DECODER}/metadata_extractor"],
        "tracker.py": [f"{CHOICES}/tracker v2/decoder"],
    }


# What is wrong.


def test_faults_have_the_line_of_the_entry_they_are_in() -> None:
    text = COMPOSITE.replace('type = "json"', 'type = "jsn"').replace('"other"', '"tracker v2"')
    text = text.replace('script = "tracker.py"', 'scrpt = "tracker.py"').replace("port = 8485\n", "")
    lines = text.splitlines()

    script = lines.index('scrpt = "tracker.py"') + 1
    token = lines.index('token = "tracker v2"  # as the tag says') + 1
    beside = f"{CHOICES.replace('/', '.')}.tracker v2.decoder"
    second = f"{CHOICES.replace('/', '.')}.#2"
    assert [fault for fault in faults(text) if CHOICES.replace("/", ".") in fault] == [
        f"{script - 2}: {beside}.script: is required: a file in the tenant's scripts folder, or in "
        "the one that all tenants share; it acts when saved",
        f"{script}: {beside}.scrpt: is not a setting; did you mean script?",
        f"{token}: {second}.token: 'tracker v2' is taken: number 1 of Composite Event Decoder Choices has it",
        f"{token + 3}: {second}.decoder.type: 'jsn' is no known type; did you mean json?",
    ]


@pytest.mark.parametrize(
    ("decoder", "fault"),
    [
        ("", "11: event_sources.lora.decoder.choices: Composite Event Decoder Choices is Required"),
        ("choices = []", "13: event_sources.lora.decoder.choices: Composite Event Decoder Choices is Required"),
        ('choices = "x"', "13: event_sources.lora.decoder.choices: is not a list: write the header of each"),
        ("choices = [3]", "13: event_sources.lora.decoder.choices.#1: is not a table"),
        ('choices = [{token = "a"}]', "13: event_sources.lora.decoder.choices.a.type: is required"),
        (
            'choices = [{type = "device_specification", token = "a"}]',
            "13: event_sources.lora.decoder.choices.a.decoder: Binary Event Decoder is Required",
        ),
    ],
)
def test_a_list_that_is_none_or_empty(decoder: str, fault: str) -> None:
    extractor = 'metadata_extractor = { type = "groovy", script = "x.groovy" }'
    text = f'{BEGIN}[device_communication.event_sources.decoder]\ntype = "composite"\n{decoder}\n{extractor}\n'
    assert any(found.startswith(fault) for found in faults(text)), faults(text)


def test_composites_inside_each_other_have_a_limit() -> None:
    def nested(depth: int) -> str:
        header, text = "device_communication.event_sources.decoder", BEGIN
        for level in range(depth):
            text += f'[{header}]\ntype = "composite"\n[{header}.metadata_extractor]\ntype = "groovy"\n'
            text += f'script = "x.groovy"\n[[{header}.choices]]\ntype = "device_specification"\ntoken = "{level}"\n'
            header += ".choices.decoder"
        return f'{text}[{header}]\ntype = "jsn"\n'

    assert any("'jsn' is no known type" in fault for fault in faults(nested(15)))
    for depth in (30, 150):
        assert faults(nested(depth)) == [" is nested too deeply"]
        with pytest.raises(TidegateError, match="is nested too deeply"):
            edit(nested(depth), "remove", DECODER)


def test_the_schema_knows_lists_inside_components() -> None:
    schema = tenant_schema(CATALOGUE)["$defs"]["decoder.composite"]
    choices = schema["properties"]["choices"]
    assert (choices["items"], choices["minItems"]) == ({"$ref": "#/$defs/composite_choice"}, 1)
    assert {"metadata_extractor", "choices"} <= set(schema["required"])


# The plan.


@pytest.mark.parametrize(
    ("edits", "lines"),
    [
        (
            [Edit(op="set", path=f"{CHOICES}/tracker v2/decoder", values={"script": "b.py"})],
            ["decoder choices tracker v2 decoder script tracker.py → b.py"],
        ),
        (
            [Edit(op="add", path=CHOICES, type="device_specification", values={"token": "x"})],
            ["decoder choices x Match Device Specification, new"],
        ),
        (
            [Edit(op="remove", path=f"{CHOICES}/other")],
            ["decoder choices other Match Device Specification, removed"],
        ),
        (
            [Edit(op="move", path=f"{CHOICES}/other", to=0)],
            ["decoder choices order tracker v2, other → other, tracker v2"],
        ),
        (
            [Edit(op="set", path=f"{DECODER}/metadata_extractor", values={"timeout": "3 s"})],
            ["decoder metadata_extractor timeout 2 s → 3 s"],
        ),
    ],
)
def test_a_changed_list_and_the_way_back(edits: list[Edit], lines: list[str]) -> None:
    text = apply_edits(COMPOSITE, edits, CATALOGUE)
    (change,) = changes(text)
    assert change.lines == lines
    assert change.effect == "decoder is exchanged; the port stays open; nothing drops"
    assert take_back(COMPOSITE, text, change.id, CATALOGUE) == COMPOSITE


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(op="remove", path=f"{CHOICES}/tracker v2")],
        [Edit(op="move", path=f"{CHOICES}/other", to=0), Edit(op="remove", path=f"{CHOICES}/other/decoder")],
        [Edit(op="set", path=f"{CHOICES}/other", values={"token": "y"})],
        [Edit(op="remove", path=DECODER), Edit(op="add", path=DECODER, type="json")],
        [
            Edit(op="remove", path=f"{CHOICES}/tracker v2"),
            Edit(op="remove", path=f"{CHOICES}/other"),
            Edit(op="remove", path=f"{DECODER}/metadata_extractor"),
            Edit(op="add", path=CHOICES, type="device_specification", values={"token": "x"}),
        ],
    ],
)
def test_a_change_is_taken_back_and_a_new_comment_stays(edits: list[Edit]) -> None:
    text = apply_edits(COMPOSITE, edits, CATALOGUE).replace('id = "lora"', 'id = "lora"  # moved in May')
    (change,) = changes(text)
    back = take_back(COMPOSITE, text, change.id, CATALOGUE)
    assert "# moved in May" in back
    assert tomllib.loads(back) == tomllib.loads(COMPOSITE)


def test_a_change_back_from_a_composite() -> None:
    active = edit(BEGIN, "add", DECODER, type="python", values={"script": "a.py"})
    text = edit(edit(active, "remove", DECODER), "add", DECODER, type="composite")
    text = edit(text, "add", CHOICES, type="device_specification", values={"token": "x"})
    text = text.replace('type = "composite"', 'type = "composite"  # by specification')
    (change,) = changes(text, active)
    back = take_back(active, text, change.id, CATALOGUE)
    assert tomllib.loads(back) == tomllib.loads(active)
    assert "# by specification" in back
