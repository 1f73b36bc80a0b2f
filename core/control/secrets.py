"""Secrets that the engine keeps."""

import msgspec


class WriteSecret(msgspec.Struct, kw_only=True):
    """A secret for the engine to keep as `tenants/<tenant>/secrets/<name>`; no method gives it back. What is kept under
    the name acts anew within a second where a component uses it; with `fresh` a name that is taken is left alone, and
    the next that is free, `<name>-2`, is taken."""

    tenant: str
    name: str
    value: str
    fresh: bool = False

    def __repr__(self) -> str:
        return f"WriteSecret({self.tenant!r}, {self.name!r})"


class KeptSecret(msgspec.Struct, kw_only=True):
    """Where a secret is kept. `file` is what stands in tenant.toml: `{ file = "secrets/<name>" }`."""

    name: str
    file: str
