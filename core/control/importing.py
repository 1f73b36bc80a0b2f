"""A SiteWhere tenant that becomes one here."""

from typing import Literal

import msgspec

from core.errors import Fault


class ImportSitewhere(msgspec.Struct, kw_only=True):
    """A SiteWhere 1.x tenant configuration to make a tenant of, and what it needs from the caller's machine.

    Without `apply` nothing is kept: the result shows what would be. With it a tenant that is not there is made; what
    the file became is staged as a whole either way, and acts when it is applied. Where something is staged already,
    nothing is overwritten.
    """

    tenant: str
    name: str | None = None
    """What people call the tenant; null keeps a tenant's name, and makes a new one's of its id."""
    xml: bytes
    file: str = ""
    """What the file is called, for the report."""
    properties: str | None = None
    """The text of `sitewhere-tenant.properties`: where placeholders find their values."""
    scripts: dict[str, str] = {}
    """Texts of the scripts that an earlier result named; a script that the tenant has is not overwritten."""
    unread: dict[str, str] = {}
    """Scripts that it named and that could not be read, each with the reason."""
    apply: bool = False


class ImportLine(msgspec.Struct, kw_only=True):
    """What became of one thing in the file. `line` is the XML's; 0 where none can be named."""

    kind: Literal["carried", "changed", "left_out", "missing"]
    subject: str
    reason: str
    line: int = 0


class Imported(msgspec.Struct, kw_only=True):
    """What the file became."""

    tenant: str
    name: str
    text: str
    """tenant.toml."""
    report: list[ImportLine]
    scripts: list[str] = []
    """Scripts that its event sources name: the caller may send those that it has."""
    faults: list[Fault] = []
    """What stands in the way of applying it."""
    makes: bool = False
    """There is, or was, no such tenant: importing makes it."""
    kept: bool = False
    """It is staged now; false where it was only looked at."""
