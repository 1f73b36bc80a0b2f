package com.sitewhere.rest.model.device.event.request

import com.fasterxml.jackson.databind.annotation.JsonSerialize
import com.sitewhere.rest.model.datatype.JsonDateSerializer
import com.sitewhere.spi.device.event.request.IDeviceEventCreateRequest
import groovy.transform.CompileStatic

/** What every request for an event has. */
@CompileStatic
class DeviceEventCreateRequest implements IDeviceEventCreateRequest, Serializable {
    String alternateId
    @JsonSerialize(using = JsonDateSerializer)
    Date eventDate
    boolean updateState = false
    Map<String, String> metadata

    /** Sets what all builders know. */
    static abstract class Builder<T extends DeviceEventCreateRequest> {
        abstract T getRequest()

        T build() {
            getRequest()
        }

        Builder<T> on(Date date) {
            ((DeviceEventCreateRequest) getRequest()).eventDate = date
            this
        }

        Builder<T> trackState() {
            ((DeviceEventCreateRequest) getRequest()).updateState = true
            this
        }

        protected void addMetadata(String name, String value) {
            DeviceEventCreateRequest request = (DeviceEventCreateRequest) getRequest()
            if (request.metadata == null) {
                request.metadata = new HashMap<String, String>()
            }
            request.metadata.put(name, value)
        }
    }
}
