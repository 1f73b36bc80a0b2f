"""Google Protocol Buffers Event Decoder: SiteWhere's own messages, one request a payload.

The schema is `core/sitewhere_protobuf/sitewhere.proto`. A payload is two messages, each behind its length as a varint:
a header, whose command says what the second is.
"""

from collections.abc import Sequence

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.received import Received
from core.catalogue.scriptless import NoSettings, Scriptless
from core.model.events import Event


class ProtobufDecoder(Scriptless):
    """Reads one request a payload."""

    def load(self) -> None:
        # Only here, because every command that reads the catalogue would wait for protobuf's library.
        from core.sitewhere_protobuf.requests import read_payload

        self._read = read_payload

    def decode(self, received: Received) -> Sequence[Event]:
        return [self._read(received.payload)]


COMPONENT = Component(
    role="decoder",
    type="protobuf",
    title="Google Protocol Buffers Event Decoder",
    summary="SiteWhere's own messages in protocol buffers, one request a payload",
    settings=NoSettings,
    make=ProtobufDecoder,
    sitewhere=SiteWhereName("protobuf-event-decoder"),
)
