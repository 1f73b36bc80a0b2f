"""The plan says what changes and what that means for devices; each change can be taken back alone."""

import tomllib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenant_documents import Component, documents

from core.catalogue.registry import catalogue
from core.config.document import Document
from core.config.edits import apply_edits
from core.config.plan import make_plan
from core.config.take_back import take_back
from core.control.configurations import Change, Edit
from core.errors import NotFound

CATALOGUE = catalogue()
ACTIVE = """\
# Sea Port Authority

[tenant]
id = "default"
name = "Default Tenant"

# the gateway in the harbour
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = 8484  # as the gateway has it

[device_communication.event_sources.interaction_handler]
type = "http"

[device_communication.event_sources.decoder]
type = "python"
script = "a.py"

# asset trackers
[[device_communication.event_sources]]
type = "socket"
id = "tracker"
port = 5027
interaction_handler = { type = "http" }
decoder.type = "json"
"""


def staged(*edits: Edit) -> str:
    return apply_edits(ACTIVE, edits, CATALOGUE)


def changes(text: str) -> list[Change]:
    return make_plan("default", ACTIVE, text, CATALOGUE, "staged.toml").changes


def lora(**values: Any) -> Edit:
    return Edit(op="set", path="event_sources/lora", values=values)


@pytest.mark.parametrize(
    ("edit", "lines", "effect"),
    [
        (
            Edit(op="set", path="event_sources/lora/decoder", values={"script": "b.py"}),
            ["decoder script a.py → b.py"],
            "decoder is exchanged; the port stays open; nothing drops",
        ),
        (
            lora(port=8485),
            ["port 8484 → 8485"],
            "port 8484 closes and 8485 opens; connected devices are drained",
        ),
        (
            lora(bind_address="0.0.0.0"),
            ["bind_address 127.0.0.1 → 0.0.0.0"],
            "port 8484 closes and opens anew; connected devices are drained",
        ),
        (
            lora(threads=4),
            ["threads 1 → 4"],
            "workers are replaced; the port stays open; the old ones answer what they hold within 10 s",
        ),
        (
            Edit(op="set", path="event_sources/lora/interaction_handler", values={"paths": ["/lora", "/x"]}),
            ["interaction_handler paths not given → /lora, /x"],
            "workers are replaced; the port stays open; the old ones answer what they hold within 10 s",
        ),
        (
            lora(enabled=False),
            ["enabled true → false"],
            "port 8484 closes; connected devices are drained; what it received is kept",
        ),
        (lora(threads=1), ["threads 1, written out"], "it means the same; devices notice nothing"),
        (
            lora(bind_address="a\x1b[31mb"),
            ["bind_address 127.0.0.1 → 'a\\x1b[31mb'"],
            "port 8484 closes and opens anew; connected devices are drained",
        ),
        (
            Edit(op="remove", path="event_sources/lora/decoder"),
            ["decoder Python Binary Event Decoder, removed"],
            "decoder is exchanged; the port stays open; nothing drops",
        ),
    ],
)
def test_a_changed_source(edit: Edit, lines: list[str], effect: str) -> None:
    (change,) = changes(staged(edit))
    assert (change.id, change.sign, change.subject) == ("event_sources/lora", "~", "source lora")
    assert change.lines == lines
    assert change.effect == effect


def test_a_decoder_of_another_kind() -> None:
    text = ACTIVE.replace('type = "python"\nscript = "a.py"', 'type = "json"')
    (change,) = changes(text)
    assert change.lines == [
        "decoder Python Binary Event Decoder → JSON Device Request Decoder",
        "decoder script a.py → not given",
    ]


def test_a_new_source_has_its_faults() -> None:
    (change,) = changes(staged(Edit(op="add", path="event_sources", type="socket", values={"id": "new", "port": 99})))
    assert (change.sign, change.lines, change.effect) == ("+", ["Socket Event Source on port 99, new"], "port 99 opens")
    assert [(fault.path, fault.message) for fault in change.faults] == [
        ("event_sources/new/interaction_handler", "Socket Interaction Handler Factory is Required"),
        ("event_sources/new/decoder", "Binary Event Decoder is Required"),
    ]


def test_a_removed_source() -> None:
    (change,) = changes(staged(Edit(op="remove", path="event_sources/tracker")))
    assert (change.sign, change.lines) == ("-", ["Socket Event Source on port 5027, removed"])
    assert change.effect == "port 5027 closes; connected devices are drained; what it received is kept"


def test_a_renamed_source_is_a_new_one() -> None:
    assert [change.sign + change.subject for change in changes(staged(lora(id="gateway")))] == [
        "+source gateway",
        "-source lora",
    ]


def test_order_tenant_and_comments() -> None:
    (order,) = changes(staged(Edit(op="move", path="event_sources/tracker", to=0)))
    assert (order.subject, order.lines) == ("event sources", ["order lora, tracker → tracker, lora"])
    (tenant,) = changes(staged(Edit(op="set", path="tenant", values={"autostart": False})))
    assert (tenant.lines, tenant.effect) == (["autostart true → false"], "it counts from the engine's next start")
    (text,) = changes(ACTIVE + "# a note\n")
    assert (text.subject, text.effect) == ("text", "devices notice nothing")


def test_what_stands_in_the_way_is_in_the_plan() -> None:
    plan = make_plan("default", ACTIVE, ACTIVE + "\n[tenants]\n", CATALOGUE, "staged.toml")
    assert [str(fault) for fault in plan.faults] == ["staged.toml:28: tenants: is not known here; did you mean tenant?"]
    assert [(change.subject, change.faults) for change in plan.changes] == [("tenants", plan.faults)]
    assert take_back(ACTIVE, ACTIVE + "\n[tenants]\n", plan.changes[0].id, CATALOGUE) == ACTIVE


def test_the_diff_is_of_the_text() -> None:
    plan = make_plan("default", ACTIVE, staged(lora(port=8485)), CATALOGUE, "staged.toml")
    assert plan.diff.split("\n") == [
        "--- tenant.toml",
        "+++ staged.toml",
        "@@ -9,5 +9,5 @@",
        ' type = "socket"',
        ' id = "lora"',
        "-port = 8484  # as the gateway has it",
        "+port = 8485  # as the gateway has it",
        " ",
        " [device_communication.event_sources.interaction_handler]",
    ]


def test_nothing_staged_is_an_empty_plan() -> None:
    plan = make_plan("default", ACTIVE, None, CATALOGUE, "tenant.toml")
    assert (plan.changes, plan.diff, plan.faults) == ([], "", [])
    assert plan.active == plan.staged


def test_a_change_that_is_gone_cannot_be_taken_back() -> None:
    with pytest.raises(NotFound, match="no longer staged"):
        take_back(ACTIVE, staged(lora(port=1)), "event_sources/tracker", CATALOGUE)


def test_taking_back_gives_removed_comments_back_and_keeps_new_ones() -> None:
    without = staged(Edit(op="remove", path="event_sources/lora"), Edit(op="set", path="tenant", values={"name": "x"}))
    assert "# the gateway" not in without
    back = take_back(ACTIVE, without, "event_sources/lora", CATALOGUE)
    assert back == ACTIVE.replace("Default Tenant", "x")
    noted = staged(lora(port=1)).replace("# as the gateway has it", "# as the gateway has it\n# moved in May")
    back = take_back(ACTIVE, noted, "event_sources/lora", CATALOGUE)
    assert back == ACTIVE.replace("# as the gateway has it", "# as the gateway has it\n# moved in May")


@st.composite
def some_edits(draw: st.DrawFn, sources: dict[str, Component]) -> list[Edit]:
    edits: list[Edit] = []
    for id, source in sources.items():
        path = f"event_sources/{id}"
        kind = draw(st.sampled_from(["keep", "remove", "set", "move", "choice", "choice"]))
        if kind == "remove":
            edits.append(Edit(op="remove", path=path))
        elif kind == "set":
            edits.append(Edit(op="set", path=path, values={"port": 1, "threads": None, "max_connections": 2}))
        elif kind == "move":
            left = len(sources) - sum(edit.op == "remove" for edit in edits)
            edits.append(Edit(op="move", path=path, to=draw(st.integers(0, left - 1))))
        elif kind == "choice" and source.choices:
            token = draw(st.sampled_from(sorted(source.choices)))
            choices = f"{path}/decoder/choices"
            last = len(source.choices) - 1
            edits.append(draw(st.sampled_from(edits_of_choice(f"{choices}/{token}", last))))
            edits.append(Edit(op="add", path=choices, type="device_specification", values={"token": "new"}))
    if draw(st.booleans()):
        edits.append(Edit(op="add", path="event_sources", type="socket", values={"id": "new"}))
        edits.append(Edit(op="move", path="event_sources/new", to=0))
    if draw(st.booleans()):
        edits.append(Edit(op="set", path="tenant", values={"name": "Other", "autostart": True}))
    return edits


def edits_of_choice(path: str, last: int) -> list[Edit]:
    return [
        Edit(op="remove", path=path),
        Edit(op="move", path=path, to=last),
        Edit(op="set", path=path, values={"token": "renamed"}),
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.data())
def test_taking_changes_back_one_by_one(
    written: tuple[str, dict[str, Component], list[str]], draw: st.DataObject
) -> None:
    active, sources, _ = written
    text = apply_edits(active, draw.draw(some_edits(sources)), CATALOGUE)

    def ids(text: str) -> set[str]:
        return {change.id for change in make_plan("default", active, text, CATALOGUE, "").changes}

    left = ids(text)
    while left - {"text"}:
        change = draw.draw(st.sampled_from(sorted(left - {"text"})))
        text = take_back(active, text, change, CATALOGUE)
        now = ids(text) - {"text"}
        assert change not in now
        # a removed source that comes back may stand elsewhere among sources whose order changed too
        assert now - {"order"} == left - {change, "order", "text"}
        left = now
    assert tomllib.loads(text) == tomllib.loads(active)
    before, after = (sorted(Document(t).comments_in(0, len(t))) for t in (active, text))
    assert set(before) >= set(after)
