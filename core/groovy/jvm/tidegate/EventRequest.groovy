package tidegate

import com.fasterxml.jackson.databind.ObjectMapper
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.*
import com.sitewhere.rest.model.device.request.DeviceMappingCreateRequest
import com.sitewhere.rest.model.device.request.DeviceStreamCreateRequest
import com.sitewhere.spi.device.event.AlertLevel
import com.sitewhere.spi.device.event.AlertSource
import com.sitewhere.spi.device.event.state.StateChangeCategory
import com.sitewhere.spi.device.event.state.StateChangeType
import groovy.transform.CompileStatic
import java.time.Instant

/** The way back: the decoded request of an event, which deduplicators know as `request`. */
@CompileStatic
class EventRequest {
    private static final ObjectMapper JSON = new ObjectMapper()

    private final Map<String, Object> event

    private EventRequest(Map<String, Object> event) {
        this.event = event
    }

    static DecodedDeviceRequest<Object> read(byte[] json) {
        new EventRequest((Map<String, Object>) JSON.readValue(json, LinkedHashMap)).decoded()
    }

    private DecodedDeviceRequest<Object> decoded() {
        Object request = made()
        if (request instanceof DeviceEventCreateRequest) {
            shared((DeviceEventCreateRequest) request)
        }
        new DecodedDeviceRequest<Object>(text("hardwareId"), text("originator"), request)
    }

    private void shared(DeviceEventCreateRequest request) {
        request.alternateId = text("alternateId")
        String date = text("eventDate")
        request.eventDate = date ? Date.from(Instant.parse(date)) : null
        request.updateState = event.get("updateState") == true
        request.metadata = texts("metadata")
    }

    private Object made() {
        String type = text("eventType")
        switch (type) {
            case "Measurements": return measurements()
            case "Location": return location()
            case "Alert": return alert()
            case "StateChange": return stateChange()
            case "Registration": return registration()
            case "CommandResponse": return response()
            case "Stream":
                return new DeviceStreamCreateRequest(
                    streamId: text("streamId"), contentType: text("contentType"), metadata: texts("metadata")
                )
            case "StreamData": return streamData()
            case "Mapping":
                return new DeviceMappingCreateRequest(
                    compositeDeviceHardwareId: text("compositeDeviceHardwareId"), mappingPath: text("mappingPath")
                )
        }
        throw new Refused("events know no type ${type}".toString())
    }

    private DeviceMeasurementsCreateRequest measurements() {
        DeviceMeasurementsCreateRequest request = new DeviceMeasurementsCreateRequest()
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) event.get("measurements")).entrySet()) {
            request.addOrReplaceMeasurement((String) entry.key, number(entry.value))
        }
        request
    }

    private DeviceLocationCreateRequest location() {
        new DeviceLocationCreateRequest(
            latitude: number(event.get("latitude")),
            longitude: number(event.get("longitude")),
            elevation: number(event.get("elevation"))
        )
    }

    private DeviceAlertCreateRequest alert() {
        DeviceAlertCreateRequest request = new DeviceAlertCreateRequest(type: text("type"), message: text("message"))
        request.level = AlertLevel.valueOf(text("level") ?: "Info")
        request.source = AlertSource.valueOf(text("source") ?: "Device")
        request
    }

    private DeviceStateChangeCreateRequest stateChange() {
        StateChangeCategory category = StateChangeCategory.values().find { it.name() == text("category") }
        StateChangeType type = StateChangeType.values().find { it.name() == text("type") }
        DeviceStateChangeCreateRequest request =
            new DeviceStateChangeCreateRequest(category, type, text("previousState"), text("newState"))
        request.data = texts("data")
        request
    }

    private DeviceRegistrationRequest registration() {
        DeviceRegistrationRequest request = new DeviceRegistrationRequest()
        request.hardwareId = text("hardwareId")
        request.specificationToken = text("specificationToken")
        request.siteToken = text("siteToken")
        request
    }

    private DeviceCommandResponseCreateRequest response() {
        new DeviceCommandResponseCreateRequest(
            originatingEventId: text("originatingEventId"),
            responseEventId: text("responseEventId"),
            response: text("response")
        )
    }

    private DeviceStreamDataCreateRequest streamData() {
        DeviceStreamDataCreateRequest request = new DeviceStreamDataCreateRequest(streamId: text("streamId"))
        Object sequence = event.get("sequenceNumber")
        request.sequenceNumber = sequence == null ? 0L : ((Number) sequence).longValue()
        request.data = Base64.decoder.decode(text("data") ?: "")
        request
    }

    private static Double number(Object value) {
        value == null ? null : ((Number) value).doubleValue()
    }

    private String text(String name) {
        Object value = event.get(name)
        value == null ? null : value.toString()
    }

    private Map<String, String> texts(String name) {
        Map<String, String> made = new HashMap<String, String>()
        Object given = event.get(name)
        if (given instanceof Map) {
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) given).entrySet()) {
                made.put(String.valueOf(entry.key), String.valueOf(entry.value))
            }
        }
        made
    }
}
