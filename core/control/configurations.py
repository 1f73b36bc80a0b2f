"""A tenant's configuration: read, edited, staged, planned and applied."""

from typing import Any, Literal

import msgspec

from core.errors import Fault

ChangeState = Literal["staged", "preparing", "prepared", "applied", "failed"]


class ComponentInfo(msgspec.Struct, kw_only=True):
    """An entry of the engine's catalogue: what fills slots of `role` as `type` in TOML."""

    role: str
    type: str
    title: str
    summary: str
    unavailable: str | None
    """Why it cannot be used where the engine runs, and what to do about it; null where it can."""


class Components(msgspec.Struct):
    components: list[ComponentInfo]


class DocumentView(msgspec.Struct, kw_only=True):
    """A tenant's configuration as text, with what was read from it."""

    text: str
    revision: str
    data: dict[str, Any]
    """The parsed document; empty where the text is no TOML."""
    faults: list[Fault]


class Configuration(msgspec.Struct, kw_only=True):
    """A tenant's configuration: what is active, and what is staged if anything is."""

    tenant: str
    active: DocumentView
    staged: DocumentView | None
    file_differs: bool = False


class Edit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One edit of a configuration's text.

    `path` is the command line's: `tenant`, `event_sources`, `event_sources/lora`, `event_sources/lora/decoder`,
    `event_sources/lora/decoder/choices/TOKEN/decoder`. What stands in a list goes by its id, or its token, and by its
    place (`#2`, from 1) where it has none of its own.
    `add` puts a component of `type` with `values` into the list or slot that `path` names; `set` changes keys
    (null takes a key away, so that its default holds); `remove` takes the component away; `move` puts a component
    of a list at place `to`; `replace` puts TOML `text` (the component's own keys and tables) in its place.
    """

    op: Literal["add", "set", "remove", "move", "replace"]
    path: str
    type: str = ""
    values: dict[str, Any] = {}
    to: int = 0
    text: str = ""


class EditText(msgspec.Struct, kw_only=True):
    tenant: str
    text: str
    edits: list[Edit] = []


class OfComponent(msgspec.Struct, kw_only=True):
    """A component in a configuration's text; `path` as in `Edit`."""

    tenant: str
    text: str
    path: str


class ComponentText(msgspec.Struct):
    """A component's own TOML, with its comments, as the edit `replace` takes it."""

    text: str


class EditStaged(msgspec.Struct, kw_only=True):
    """Edits of what is staged (of what is active where nothing is); what `tidegate add`, `set` and `remove` do."""

    tenant: str
    edits: list[Edit]


class Stage(msgspec.Struct, kw_only=True):
    """`base` is the revision that `text` was made from: a newer one on the engine is a conflict."""

    tenant: str
    text: str
    base: str


class Change(msgspec.Struct, kw_only=True):
    """One staged change, meaning first. `id` names it for taking it back."""

    id: str
    sign: Literal["+", "-", "~"]
    subject: str
    """`source lora`, `tenant`."""
    path: str
    lines: list[str]
    """What changes: `port 8484 → 8485`."""
    effect: str
    """What it means for devices: `the port stays open; nothing drops`."""
    faults: list[Fault] = []
    state: ChangeState = "staged"
    reason: str | None = None


class Plan(msgspec.Struct, kw_only=True):
    """What is staged against what is active."""

    tenant: str
    changes: list[Change]
    diff: str
    """A unified diff of tenant.toml."""
    faults: list[Fault]
    """What stands in the way of applying."""
    active: str
    staged: str
    """Revisions."""
    file_differs: bool = False


class Discard(msgspec.Struct, kw_only=True):
    """Discards all that is staged, or takes one change back."""

    tenant: str
    change: str | None = None


class Apply(msgspec.Struct, kw_only=True):
    """Applies what is staged. `staged` is the plan's revision: if another was staged since, nothing happens."""

    tenant: str
    staged: str | None = None


class Applied(msgspec.Struct, kw_only=True):
    """What came of applying. Where `applied` is false nothing has changed; while it runs, `apply` notifications
    carry the same structure with the changes' states."""

    tenant: str
    applied: bool
    changes: list[Change]
    faults: list[Fault] = []
    reason: str | None = None
    done: bool = True


class NewTenant(msgspec.Struct, kw_only=True):
    id: str
    name: str
