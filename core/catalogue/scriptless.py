"""What decoders of a fixed format share: no script to load, no version, and reasons that are sentences."""

from core.catalogue.decoding import DecodeFailed
from core.catalogue.settings import Settings
from core.catalogue.worker_context import DecoderContext


class NoSettings(Settings):
    """The component has none."""


class Scriptless:
    """Base of such a decoder, which has `decode` to add; see `core.catalogue.decoding.Decoder`."""

    version: str | None = None
    timeout = 2.0

    def __init__(self, settings: NoSettings, context: DecoderContext) -> None:
        pass

    def load(self) -> None:
        """There is no script."""

    def reason(self, error: BaseException) -> str:
        return str(error) if isinstance(error, DecodeFailed) else f"{type(error).__name__}: {error}"
