"""What a decoder may use of the process that it runs in."""

from collections.abc import Sequence
from pathlib import Path

from core.catalogue.behaviour import Registrations
from core.scripting.log import DecodeLog, ScriptLogger


class Context:
    """See `core.catalogue.behaviour.DecoderContext`."""

    def __init__(
        self,
        tenant: str,
        source: str,
        folders: Sequence[Path],
        log: DecodeLog,
        groovy: str | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        self.tenant = tenant
        self.source = source
        self.script_folders = folders
        self.logger = ScriptLogger(log)
        self.groovy = groovy
        self.registrations = registrations
