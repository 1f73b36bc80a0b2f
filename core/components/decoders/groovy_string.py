"""Groovy String Event Decoder: as the binary one, but its script knows the payload as text."""

from core.catalogue.component import Component, ScriptTemplate, SiteWhereName
from core.catalogue.worker_context import DecoderContext
from core.groovy.decoder_settings import GroovyDecoderSettings
from core.groovy.decoding import GroovyDecoding
from core.groovy.discovery import unavailable


def make(settings: GroovyDecoderSettings, context: DecoderContext) -> GroovyDecoding:
    """The decoder of one worker."""
    return GroovyDecoding(context, settings.script, "string", settings.timeout, settings.max_events)


LOCATION_TEMPLATE = """\
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceLocationCreateRequest
import com.sitewhere.spi.device.event.request.IDeviceLocationCreateRequest

// Decodes a line such as LOC,278998,33.75,-84.39: a device's position. `payload` is a String here.
def parts = payload.trim().split(",")
if (parts.length != 4 || parts[0] != "LOC") {
    throw new RuntimeException("not LOC,<hardware id>,<latitude>,<longitude>: " + payload)
}

def location = new DeviceLocationCreateRequest()
location.latitude = parts[2] as double
location.longitude = parts[3] as double

def decoded = new DecodedDeviceRequest<IDeviceLocationCreateRequest>()
decoded.hardwareId = parts[1]
decoded.request = location
events.add(decoded)
"""

COMPONENT = Component(
    role="decoder",
    type="groovy_string",
    title="Groovy String Event Decoder",
    summary="SiteWhere's scripts for text, unchanged, in a JVM beside the engine",
    settings=GroovyDecoderSettings,
    make=make,
    templates=(ScriptTemplate("stringDecoder.groovy", "Positions as LOC,<id>,<lat>,<lon>", LOCATION_TEMPLATE),),
    script_suffix=".groovy",
    needs=("groovy",),
    sitewhere=SiteWhereName("groovy-string-event-decoder", {"scriptPath": "script"}),
    unavailable=unavailable,
)
