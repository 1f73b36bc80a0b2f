"""Makes decoders and handlers of their configuration, with all that is in their slots."""

from collections.abc import Iterable
from typing import cast

import msgspec

from core.catalogue.authenticating import AuthenticationContext, Authenticator
from core.catalogue.composition import Parts
from core.catalogue.configured import Configured
from core.catalogue.decoding import Decoder, RemoteDecoder
from core.catalogue.handling import Handler, Intake
from core.catalogue.received import Received
from core.errors import ConfigurationError
from core.scripting.log import DecodeLog
from core.scripting.turns import Done
from core.worker.context import Context
from core.worker.runner import Runner


class InWorker:
    """A decoder of this process as a `RemoteDecoder`: it decodes at once, under its limits, and nothing waits."""

    waiting = 0
    waiting_bytes = 0

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @property
    def version(self) -> str | None:
        return self._runner.version

    async def open(self) -> None:
        self._runner.load()

    def submit(self, received: Received, done: Done) -> None:
        done(self._runner.run(received))

    async def close(self) -> None:
        """There is nothing to let go."""


class Making:
    """Makes decoders for one process. `runners` are those that run in it: they share its slot and its timer."""

    def __init__(self, context: Context, log: DecodeLog) -> None:
        self.runners: list[Runner] = []
        self._context = context
        self._log = log

    def decoder(self, configured: Configured) -> Runner | RemoteDecoder:
        """The decoder that a configuration describes, not loaded yet."""
        made = self._make(configured)
        return made if isinstance(made, RemoteDecoder) else self._run(cast("Decoder", made))

    def part(self, configured: Configured) -> object:
        """What a component makes, with all that is in its slots: a framing, for one."""
        return self._make(configured)

    def source_parts(self, source: Configured) -> Parts:
        """What a source that reads its own wire has for that: what is in its slots, but for its decoding."""
        wire = {key: inner for key, inner in source.slots.items() if inner.component.role == "framing"}
        return {key: self._make(inner) for key, inner in wire.items()}

    def _make(self, configured: Configured) -> object:
        component = configured.component
        if not component.slots:
            return component.make(configured.settings, self._context)
        return component.make(configured.settings, self._context, self._parts(configured))

    def _parts(self, configured: Configured) -> Parts:
        one = {key: self._part(inner) for key, inner in configured.slots.items()}
        return {**one, **{key: [self._part(inner) for inner in many] for key, many in configured.lists.items()}}

    def _part(self, configured: Configured) -> object:
        if configured.component.role == "decoder":
            return as_remote(self.decoder(configured))
        return self._make(configured)

    def _run(self, decoder: Decoder) -> Runner:
        runner = Runner(decoder, None, self._log)
        self.runners.append(runner)
        return runner


def as_remote(decoding: Runner | RemoteDecoder) -> RemoteDecoder:
    """Whatever decodes as a `RemoteDecoder`."""
    return InWorker(decoding) if isinstance(decoding, Runner) else decoding


def make_handler(configured: Configured, intake: Intake, context: AuthenticationContext, making: Making) -> Handler:
    """The handler that a configuration describes. ConfigurationError names the component and the key of a secret that
    cannot be read."""
    component = configured.component
    if not component.slots:
        made: Handler = component.make(configured.settings, intake)
        return made
    parts: dict[str, object] = {key: authenticators(many, context) for key, many in configured.lists.items()}
    parts |= {key: making.part(inner) for key, inner in configured.slots.items()}
    return component.make(configured.settings, intake, parts)


def authenticators(configured: Iterable[Configured], context: AuthenticationContext) -> list[Authenticator]:
    """The ways in which devices may show who they are, in order."""
    return [_authenticator(each, context) for each in configured]


def _authenticator(configured: Configured, context: AuthenticationContext) -> Authenticator:
    try:
        made: Authenticator = configured.component.make(configured.settings, context)
        return made
    except ConfigurationError as error:
        faults = [msgspec.structs.replace(fault, path=configured.path) for fault in error.faults]
        raise ConfigurationError(faults) from error
