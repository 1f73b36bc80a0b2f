"""Python Binary Event Decoder: a function of the operator's makes events of the bytes."""

from collections.abc import Sequence
from typing import Annotated, Any

from core.catalogue.component import Component
from core.catalogue.contracts import DECODE
from core.catalogue.received import Received
from core.catalogue.script_templates import python_templates
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, script_path
from core.catalogue.units import Duration
from core.catalogue.worker_context import DecoderContext
from core.model.events import Event
from core.scripting.events import ScriptEvents
from core.scripting.metadata import script_metadata
from core.scripting.python_script import PythonScript, respond_to


class PythonSettings(Settings):
    """Settings of a Python decoder."""

    script: Annotated[str, script_path(f"{IN_FOLDERS}; it acts when saved", example="decode.py", script=DECODE)]
    timeout: Annotated[
        Duration,
        setting(
            "Time limit",
            "of one decode; one that runs longer fails",
            least="10 ms",
            most="10 min",
            folded=True,
        ),
    ] = Duration("2 s")
    max_events: Annotated[
        int,
        setting(
            "Most events",
            "of one request; a decode that gives more fails",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = 10000


class PythonDecoder:
    """Calls a script's `decode`; see `core.catalogue.decoding.Decoder`."""

    def __init__(self, settings: PythonSettings, context: DecoderContext) -> None:
        self.timeout = float(settings.timeout)
        self._source = context.source
        self._logger = context.logger
        self._max_events = settings.max_events
        self._script = PythonScript(settings.script, context.script_folders, DECODE)

    @property
    def version(self) -> str | None:
        return self._script.version

    def load(self) -> None:
        self._script.load()

    def decode(self, received: Received) -> Sequence[Event]:
        script = self._script
        events = ScriptEvents(self._max_events)
        metadata = script_metadata(received, self._source) if script.reads_metadata else {}
        if not script.extras:
            script.function(received.payload, metadata, events, self._logger)
            return events.made
        extras: dict[str, Any] = {}
        if "state" in script.extras:
            extras["state"] = received.state
        if "respond" in script.extras:
            extras["respond"] = respond_to(received)
        script.function(received.payload, metadata, events, self._logger, **extras)
        return events.made

    def reason(self, error: BaseException) -> str:
        return self._script.reason(error)


COMPONENT = Component(
    role="decoder",
    type="python",
    title="Python Binary Event Decoder",
    summary="a function of yours makes events of the bytes",
    settings=PythonSettings,
    make=PythonDecoder,
    templates=python_templates(),
    script_suffix=".py",
)
