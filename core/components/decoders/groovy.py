"""Groovy Binary Event Decoder: SiteWhere's own scripts, run in a JVM beside the engine."""

from core.catalogue.component import Component, ScriptTemplate, SiteWhereName
from core.catalogue.worker_context import DecoderContext
from core.groovy.decoder_settings import GroovyDecoderSettings
from core.groovy.decoding import GroovyDecoding
from core.groovy.discovery import unavailable


def make(settings: GroovyDecoderSettings, context: DecoderContext) -> GroovyDecoding:
    """The decoder of one worker."""
    return GroovyDecoding(context, settings.script, "binary", settings.timeout, settings.max_events)


LORA_TEMPLATE = """\
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest
import com.sitewhere.spi.device.event.request.IDeviceMeasurementsCreateRequest

// Decodes the JSON of a LoRa gateway: signal quality as measurements of the device in `id`.
JsonNode message = new ObjectMapper().readTree(new String(payload, "UTF-8"))
if (!message.has("id")) {
    throw new RuntimeException("JSON is missing the id")
}

def measurements = new DeviceMeasurementsCreateRequest()
["rssi", "snr"].each { name ->
    if (message.has(name)) {
        measurements.addOrReplaceMeasurement(name, message.get(name).asDouble())
    }
}
measurements.eventDate = new java.util.Date()
logger.info("device {}: {}", message.get("id").asText(), measurements.measurements)

def decoded = new DecodedDeviceRequest<IDeviceMeasurementsCreateRequest>()
decoded.hardwareId = message.get("id").asText()
decoded.request = measurements
events.add(decoded)
"""

COMPONENT = Component(
    role="decoder",
    type="groovy",
    title="Groovy Binary Event Decoder",
    summary="SiteWhere's scripts, unchanged, in a JVM beside the engine",
    settings=GroovyDecoderSettings,
    make=make,
    templates=(ScriptTemplate("decodeOSS.groovy", "LoRa gateway JSON: rssi and snr as measurements", LORA_TEMPLATE),),
    script_suffix=".groovy",
    needs=("groovy",),
    sitewhere=SiteWhereName("groovy-event-decoder", {"scriptPath": "script"}),
    unavailable=unavailable,
)
