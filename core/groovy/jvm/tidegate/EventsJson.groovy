package tidegate

import com.fasterxml.jackson.core.JsonGenerator
import com.sitewhere.spi.device.communication.IDecodedDeviceRequest
import com.sitewhere.spi.device.event.request.*
import groovy.transform.CompileStatic

/** Writes decoded requests as the events that the journal keeps, in SiteWhere's order of routing. */
@CompileStatic
class EventsJson {
    private static final String STREAM_DATA_ASKED =
        "asks for stored stream data to be sent to the device, which Tidegate does not do: add no such request to events"
    private static final String COMMAND =
        "invokes a command, which Tidegate does not send: add no such request to events"

    private final JsonGenerator out
    private final RequestLog log

    EventsJson(JsonGenerator out, RequestLog log) {
        this.out = out
        this.log = log
    }

    /** Writes the list that the script left in `events`; Refused where an entry is no event. */
    void writeAll(Object events) {
        if (!(events instanceof Collection)) {
            throw new Refused("events is ${Values.kind(events)}, not a list of decoded requests".toString())
        }
        out.writeStartArray()
        for (Object entry : (Collection) events) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedException()
            }
            write(entry)
        }
        out.writeEndArray()
    }

    private void write(Object entry) {
        if (!(entry instanceof IDecodedDeviceRequest)) {
            throw new Refused("events holds ${Values.kind(entry)}, not a DecodedDeviceRequest".toString())
        }
        IDecodedDeviceRequest<?> decoded = (IDecodedDeviceRequest<?>) entry
        Object request = decoded.request
        out.writeStartObject()
        route(decoded.hardwareId, request)
        if (decoded.originator != null) {
            out.writeStringField("originator", decoded.originator)
        }
        if (request instanceof IDeviceEventCreateRequest) {
            shared((IDeviceEventCreateRequest) request)
        }
        out.writeEndObject()
    }

    private void route(String device, Object request) {
        switch (request) {
            case IDeviceRegistrationRequest: registration(device, (IDeviceRegistrationRequest) request); break
            case IDeviceCommandResponseCreateRequest:
                response(device, (IDeviceCommandResponseCreateRequest) request); break
            case IDeviceMeasurementsCreateRequest:
                measurements(device, (IDeviceMeasurementsCreateRequest) request); break
            case IDeviceLocationCreateRequest: location(device, (IDeviceLocationCreateRequest) request); break
            case IDeviceAlertCreateRequest: alert(device, (IDeviceAlertCreateRequest) request); break
            case IDeviceStateChangeCreateRequest:
                stateChange(device, (IDeviceStateChangeCreateRequest) request); break
            case IDeviceStreamCreateRequest: stream(device, (IDeviceStreamCreateRequest) request); break
            case IDeviceStreamDataCreateRequest: streamData(device, (IDeviceStreamDataCreateRequest) request); break
            case IDeviceMappingCreateRequest: mapping(device, (IDeviceMappingCreateRequest) request); break
            default: refuse(request)
        }
    }

    private static void refuse(Object request) {
        if (request == null) {
            throw new Refused("a DecodedDeviceRequest in events has no request: it is null")
        }
        String name = request.getClass().simpleName
        if (request instanceof ISendDeviceStreamDataRequest) {
            throw new Refused("${name} ${STREAM_DATA_ASKED}".toString())
        }
        if (request instanceof IDeviceCommandInvocationCreateRequest) {
            throw new Refused("${name} ${COMMAND}".toString())
        }
        throw new Refused("a ${request.getClass().name} is no request that an event can be made of".toString())
    }

    private void begin(String type, String device) {
        out.writeStringField("eventType", type)
        out.writeStringField("hardwareId", Values.token("the device's hardware id", device))
    }

    private void registration(String device, IDeviceRegistrationRequest request) {
        begin("Registration", request.hardwareId ?: device)
        optional("specificationToken", request.specificationToken)
        optional("siteToken", request.siteToken)
    }

    private void response(String device, IDeviceCommandResponseCreateRequest request) {
        begin("CommandResponse", device)
        optional("originatingEventId", request.originatingEventId)
        optional("responseEventId", request.responseEventId)
        optional("response", request.response)
    }

    private void measurements(String device, IDeviceMeasurementsCreateRequest request) {
        begin("Measurements", device)
        out.writeObjectFieldStart("measurements")
        Map<?, ?> values = request.measurements
        if (values != null) {
            for (Map.Entry<?, ?> entry : values.entrySet()) {
                measurement(entry.key, entry.value)
            }
        }
        out.writeEndObject()
    }

    private void measurement(Object key, Object value) {
        String name = Values.text("a measurement's name", key)
        if (value == null) {
            log.line("WARNING measurement ${name} is null and was left out".toString())
        } else {
            out.writeNumberField(name, Values.number(name, value))
        }
    }

    private void location(String device, IDeviceLocationCreateRequest request) {
        begin("Location", device)
        out.writeNumberField("latitude", Values.number("latitude", request.latitude))
        out.writeNumberField("longitude", Values.number("longitude", request.longitude))
        if (request.elevation != null) {
            out.writeNumberField("elevation", Values.number("elevation", request.elevation))
        }
    }

    private void alert(String device, IDeviceAlertCreateRequest request) {
        begin("Alert", device)
        out.writeStringField("type", request.type ?: "")
        out.writeStringField("message", request.message ?: "")
        optional("level", request.level?.name())
        optional("source", request.source?.name())
    }

    private void stateChange(String device, IDeviceStateChangeCreateRequest request) {
        begin("StateChange", device)
        out.writeStringField("category", Values.text("category", request.category))
        out.writeStringField("type", Values.text("type", request.type))
        optional("previousState", request.previousState)
        optional("newState", request.newState)
        texts("data", request.data)
    }

    private void stream(String device, IDeviceStreamCreateRequest request) {
        begin("Stream", device)
        out.writeStringField("streamId", Values.token("streamId", request.streamId))
        optional("contentType", request.contentType)
        texts("metadata", request.metadata)
    }

    private void streamData(String device, IDeviceStreamDataCreateRequest request) {
        begin("StreamData", device)
        out.writeStringField("streamId", Values.token("streamId", request.streamId))
        out.writeNumberField("sequenceNumber", request.sequenceNumber)
        if (request.data != null) {
            out.writeBinaryField("data", request.data)
        }
    }

    private void mapping(String device, IDeviceMappingCreateRequest request) {
        begin("Mapping", device)
        optional("compositeDeviceHardwareId", request.compositeDeviceHardwareId)
        optional("mappingPath", request.mappingPath)
    }

    private void shared(IDeviceEventCreateRequest request) {
        if (request.eventDate != null) {
            out.writeStringField("eventDate", Values.date("eventDate", request.eventDate))
        }
        optional("alternateId", request.alternateId)
        if (request.isUpdateState()) {
            out.writeBooleanField("updateState", true)
        }
        texts("metadata", request.metadata)
    }

    private void optional(String name, String value) {
        if (value != null) {
            out.writeStringField(name, value)
        }
    }

    private void texts(String name, Map<?, ?> values) {
        if (values == null || values.isEmpty()) {
            return
        }
        out.writeObjectFieldStart(name)
        for (Map.Entry<?, ?> entry : values.entrySet()) {
            String key = String.valueOf(entry.key)
            if (entry.value == null) {
                log.line("WARNING ${name} ${key} is null and was left out".toString())
            } else {
                out.writeStringField(key, Values.text(name + " " + key, entry.value))
            }
        }
        out.writeEndObject()
    }
}
