"""Random tenant.toml texts, written as people write them, for hypothesis."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

WORDS = st.text("abcdefgh [x]=\"'#.é", max_size=12)
COMMENTS = st.builds(lambda number, words: f"# {number} {words}", st.integers(0, 10**9), WORDS)
IDS = st.text("abcdefghij", min_size=1, max_size=4)
SPACING = st.sampled_from(["", "\n", "\n\n", "  \n"])
TRICKY = st.sampled_from(
    [
        '"""\n[[device_communication.event_sources]]\n# no comment\n"""',
        "'''\n[tenant]\n'''",
        '"# no comment"',
        '"a\\"b # c"',
        '"""one\\"""" """'.replace(' """', ""),
        "'[x]'",
    ]
)


@dataclass
class Component:
    """The text of one component and what of it is its own."""

    text: str
    comments: list[str]
    choices: "dict[str, Component]" = field(default_factory=dict[str, "Component"])
    """Those of a composite decoder in it that have headers of their own, by token."""
    inline: tuple[str, ...] = ()
    """The tokens of those that are written inline."""


@st.composite
def lines(draw: st.DrawFn, keys: list[str], comments: list[str]) -> str:
    """Keys with comments between and behind them."""
    text = ""
    for key in keys:
        if draw(st.integers(0, 4)) == 0:
            comments.append(draw(COMMENTS))
            text += comments[-1] + "\n"
        text += draw(st.sampled_from(["", "", "\n"])) + key
        if draw(st.integers(0, 4)) == 0:
            comments.append(draw(COMMENTS))
            text += "  " + comments[-1]
        text += "\n"
    return text


@st.composite
def above(draw: st.DrawFn, comments: list[str]) -> str:
    """Comment lines directly above a header."""
    found = draw(st.lists(COMMENTS, max_size=2))
    comments += found
    return "".join(f"{comment}\n" for comment in found)


@st.composite
def sources(draw: st.DrawFn, id: str) -> Component:
    """An event source whose parts are written as headers, dotted keys or inline tables."""
    comments: list[str] = []
    keys = ['type = "socket"', f'id = "{id}"']
    keys += draw(st.lists(st.sampled_from(["port = 8484", "threads=2", 'drain   = "3 s"']), unique=True))
    handler = draw(st.sampled_from(["none", "header", "inline", "dotted"]))
    if handler == "inline":
        keys.append(f'interaction_handler = {{type="http", success_body={draw(TRICKY)}}}')
    elif handler == "dotted":
        keys += ['interaction_handler.type = "http"', f"interaction_handler.success_body = {draw(TRICKY)}"]
    text = draw(above(comments)) + "[[device_communication.event_sources]]\n" + draw(lines(keys, comments))
    if handler == "header":
        text += draw(st.sampled_from(["", "\n"])) + draw(above(comments))
        text += '[device_communication.event_sources."interaction_handler"]  # its handler\n'
        comments.append("# its handler")
        text += draw(lines(['type = "http"', f"success_body = {draw(TRICKY)}"], comments))
    decoder = draw(st.sampled_from(["none", "json", "composite"]))
    if decoder == "none":
        return Component(text, comments)
    text += (
        draw(st.sampled_from(["", "\n"])) + draw(above(comments)) + "[ device_communication . event_sources.decoder ]\n"
    )
    if decoder == "json":
        return Component(text + draw(lines(['type = "json"'], comments)), comments)
    return draw(composites(text, comments))


HEADER = "device_communication.event_sources.decoder"


@st.composite
def composites(draw: st.DrawFn, text: str, comments: list[str]) -> Component:
    """Goes on behind the header of a composite decoder."""
    keys = ['type = "composite"']
    extractor = draw(st.sampled_from(["header", "inline", "dotted"]))
    if extractor == "inline":
        keys.append('metadata_extractor = {type = "groovy", script = "x.groovy"}')
    elif extractor == "dotted":
        keys += ['metadata_extractor.type = "groovy"', 'metadata_extractor.script="x.groovy"']
    tokens = draw(st.lists(IDS, unique=True, max_size=3))
    inline = draw(st.integers(0, 3)) == 0
    if inline:
        items = ", ".join(f'{{type="device_specification", token="{token}"}}' for token in tokens)
        keys.append(f"choices = [ {items} ]")
    text += draw(lines(keys, comments))
    if extractor == "header":
        text += draw(above(comments)) + f"[{HEADER}.metadata_extractor]\n"
        text += draw(lines(['type = "groovy"', 'script = "x.groovy"'], comments))
    choices = {} if inline else {token: draw(choices_of(token)) for token in tokens}
    for choice in choices.values():
        text += draw(SPACING) + choice.text
        comments += choice.comments
    return Component(text, comments, choices, tuple(tokens) if inline else ())


@st.composite
def choices_of(draw: st.DrawFn, token: str) -> Component:
    comments: list[str] = []
    keys = ['type = "device_specification"', f"token = '{token}'"]
    decoder = draw(st.sampled_from(["none", "header", "inline", "dotted"]))
    if decoder == "inline":
        keys.append('decoder = { type = "json" }')
    elif decoder == "dotted":
        keys.append('decoder.type = "json"')
    text = draw(above(comments)) + f"[[{HEADER}.choices]]  # {token}\n" + draw(lines(keys, comments))
    comments.append(f"# {token}")
    if decoder == "header":
        text += draw(above(comments)) + f"[{HEADER}.choices.decoder]\n"
        text += draw(lines(['type = "python"', 'script = "a.py"'], comments))
    return Component(text, comments)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Component], list[str]]:
    """A text, its sources by id, and the comments that are no source's."""
    comments: list[str] = []
    loose = st.lists(COMMENTS, max_size=1)
    text = "".join(f"{comment}\n\n" for comment in draw(loose))
    comments += [line for line in text.split("\n") if line]
    text += draw(above(comments)) + "[tenant]\n" + draw(lines(['id = "default"', 'name = "Default"'], comments))
    found: dict[str, Component] = {}
    for id in draw(st.lists(IDS, unique=True, max_size=4)):
        spacing = draw(SPACING)
        text += spacing
        if spacing:
            between = draw(loose)
            comments += between
            text += "".join(f"{comment}\n\n" for comment in between)
        found[id] = draw(sources(id))
        text += found[id].text
    if draw(st.booleans()):
        comments.append(draw(COMMENTS))
        text += f"\n{comments[-1]}\n"
    if draw(st.integers(0, 3)) == 0:
        text = text.rstrip("\n")
    if draw(st.integers(0, 3)) == 0:
        text = text.replace("\n", "\r\n")
    return text, found, comments
