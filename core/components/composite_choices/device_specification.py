"""Match Device Specification: a composite decoder's choice for devices of one specification."""

from typing import Annotated

from core.catalogue.component import Component, SiteWhereName, Slot
from core.catalogue.composition import Parts
from core.catalogue.decoding import RemoteDecoder
from core.catalogue.naming import BY_TOKEN
from core.catalogue.settings import Settings, setting
from core.catalogue.worker_context import DecoderContext


class DeviceSpecificationSettings(Settings):
    """Settings of the choice."""

    token: Annotated[
        str,
        setting(
            "Specification token",
            "devices of this specification are decoded by the decoder below",
            pattern=BY_TOKEN.pattern,
            pattern_help=BY_TOKEN.pattern_help,
        ),
    ]


class DeviceSpecificationChoice:
    """See `core.catalogue.composition.Choice`."""

    def __init__(self, settings: DeviceSpecificationSettings, context: DecoderContext, parts: Parts) -> None:
        decoder = parts["decoder"]
        assert isinstance(decoder, RemoteDecoder)
        self.decoder: RemoteDecoder = decoder
        self._token = settings.token

    def takes(self, specification: str) -> bool:
        return specification == self._token


COMPONENT = Component(
    role="composite_choice",
    type="device_specification",
    title="Match Device Specification",
    summary="a decoder for the devices of one specification",
    settings=DeviceSpecificationSettings,
    make=DeviceSpecificationChoice,
    slots=(Slot("decoder", "decoder", "Binary Event Decoder"),),
    sitewhere=SiteWhereName("device-specification-decoder-choice", {"token": "token"}),
)
