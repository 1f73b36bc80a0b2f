"""The errors a person reads: each says what is wrong, where, and what to do."""

import msgspec


class TidegateError(Exception):
    """A fault with a sentence fit for an operator; the root of this project's own errors."""


class NotFound(TidegateError):
    """What was named does not exist."""


class Conflict(TidegateError):
    """Something newer is there than what a change was made from; nothing was overwritten."""


class Fault(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One thing wrong in a file that a person wrote: a tenant.toml, an instance.toml or a script.

    `path` names the component as the command line does (`event_sources/lora/decoder`), `key` the setting in it;
    `line` counts from 1 and is 0 where no line can be named.
    """

    message: str
    file: str = ""
    line: int = 0
    path: str = ""
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = ".".join(part for part in (self.path.replace("/", "."), self.key) if part)
        return ": ".join(part for part in (place, subject, self.message) if part)


class ConfigurationError(TidegateError):
    """A configuration that cannot be used; carries every fault found, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))
