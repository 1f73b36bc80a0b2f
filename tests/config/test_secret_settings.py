"""Secrets in a configuration: edited as other values are, planned by where they are, never shown where they stand."""

import pytest

from core.catalogue.registry import BUILT_IN, Catalogue
from core.catalogue.schema import tenant_schema
from core.config.document import parse
from core.config.edits import apply_edits
from core.config.places import typed_values
from core.config.plan import make_plan
from core.config.tenant import read_tenant
from core.control.configurations import Edit
from core.errors import ConfigurationError

CATALOGUE = Catalogue((*BUILT_IN, "tests.vaulted"))
HANDLER = "event_sources/lora/interaction_handler"
HEAD = '[tenant]\nid = "default"\nname = "Default"\n\n'
HEAD += '[[device_communication.event_sources]]\ntype = "socket"\nid = "lora"\n'
DECODER = '\n[device_communication.event_sources.decoder]\ntype = "json"\n'
WAYS = {
    "inline": '\n[device_communication.event_sources.interaction_handler]\ntype = "vault"\n'
    '# turned every month\ntoken = { env = "OLD" } # in the unit file\nlevel = 2 # deep\n',
    "dotted": '\n[device_communication.event_sources.interaction_handler]\ntype = "vault"\n'
    '# turned every month\ntoken.env = "OLD"\nlevel = 2 # deep\n',
    "header": '\n[device_communication.event_sources.interaction_handler]\ntype = "vault"\nlevel = 2 # deep\n'
    '\n[device_communication.event_sources.interaction_handler.token]\nenv = "OLD"\n',
    "inside": 'interaction_handler = { type = "vault", level = 2, token = { env = "OLD" } } # a vault\n',
}


def handler(text: str) -> dict[str, object]:
    return parse(text)["device_communication"]["event_sources"][0]["interaction_handler"]


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_set_and_taken_away_wherever_it_is_written(way: str) -> None:
    text = HEAD + WAYS[way] + DECODER
    assert not read_tenant(text, "default/tenant.toml", CATALOGUE).faults
    values = typed_values(CATALOGUE, parse(text), HANDLER, "", {"token": "file:secrets/a", "spare": "env:SPARE"})
    new = apply_edits(text, [Edit(op="set", path=HANDLER, values=values)], CATALOGUE)
    expected = {"type": "vault", "level": 2, "token": {"file": "secrets/a"}, "spare": {"env": "SPARE"}}
    assert handler(new) == expected
    assert all(line in new for line in text.splitlines() if "#" in line and "token" not in line and "{" not in line)
    assert not read_tenant(new, "default/tenant.toml", CATALOGUE).faults
    back = apply_edits(new, [Edit(op="set", path=HANDLER, values={"spare": None})], CATALOGUE)
    assert handler(back) == {key: value for key, value in expected.items() if key != "spare"}


def test_a_comment_behind_a_secret_stays_and_so_does_the_order() -> None:
    text = HEAD + WAYS["inline"] + DECODER
    new = apply_edits(text, [Edit(op="set", path=HANDLER, values={"token": {"file": "secrets/a"}})], CATALOGUE)
    assert new == text.replace('{ env = "OLD" }', '{ file = "secrets/a" }')


def test_a_new_component_has_its_secret_on_one_line() -> None:
    values = typed_values(CATALOGUE, parse(HEAD), HANDLER, "vault", {"token": "env:LORA_TOKEN"})
    text = apply_edits(HEAD, [Edit(op="add", path=HANDLER, type="vault", values=values)], CATALOGUE)
    assert '\ntype = "vault"\ntoken = { env = "LORA_TOKEN" }\n' in text


def test_a_secret_in_plain_text_is_a_fault_with_its_line_and_is_shown_nowhere() -> None:
    text = HEAD + WAYS["inline"].replace('{ env = "OLD" }', '"hunter2"') + DECODER
    faults = read_tenant(text, "default/tenant.toml", CATALOGUE).faults
    assert [str(fault) for fault in faults] == [
        "default/tenant.toml:12: event_sources.lora.interaction_handler.token: is given as plain text: no secret "
        'stands in this file; write { env = "NAME" } or { file = "path" }'
    ]
    with pytest.raises(ConfigurationError) as refused:
        typed_values(CATALOGUE, parse(text), HANDLER, "", {"token": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_plan_says_where_a_secret_is_and_not_what_it_is() -> None:
    plain = HEAD + WAYS["inline"].replace('{ env = "OLD" }', '"hunter2"') + DECODER
    named = HEAD + WAYS["inline"].replace('{ env = "OLD" }', '{ file = "secrets/a" }') + DECODER
    before = HEAD + WAYS["inline"] + DECODER
    lines = [change.lines for change in make_plan("default", before, named, CATALOGUE, "tenant.toml").changes]
    assert lines == [["interaction_handler token env:OLD → file:secrets/a"]]
    lines = [change.lines for change in make_plan("default", plain, named, CATALOGUE, "tenant.toml").changes]
    assert lines == [["interaction_handler token plain text, not shown → file:secrets/a"]]


def test_the_schema_knows_both_ways() -> None:
    token = tenant_schema(CATALOGUE)["$defs"]["interaction_handler.vault"]["properties"]["token"]
    assert token["type"] == "object"
    assert [list(way["properties"]) for way in token["oneOf"]] == [["env"], ["file"]]
