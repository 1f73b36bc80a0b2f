"""What components may use of the process that they run in."""

from collections.abc import Sequence
from pathlib import Path

from core.catalogue.contracts import Contract
from core.catalogue.worker_context import Registrations
from core.scripting.log import DecodeLog, Log, ScriptLogger
from core.worker.scripts import LimitedScript


class Context:
    """See `core.catalogue.worker_context.DecoderContext`."""

    def __init__(
        self,
        tenant: str,
        source: str,
        folders: Sequence[Path],
        log: DecodeLog,
        groovy: str | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        self._log = log
        self.scripts: list[LimitedScript] = []
        """Those that were asked for, to be loaded."""
        self.tenant = tenant
        self.source = source
        self.script_folders = folders
        self.logger = ScriptLogger(log)
        self.groovy = groovy
        self.registrations = registrations

    def take_log(self) -> Log:
        return self._log.take()

    def script(self, name: str, contract: Contract, timeout: float) -> LimitedScript:
        script = LimitedScript(name, contract, timeout, self.script_folders, self._log)
        self.scripts.append(script)
        return script
