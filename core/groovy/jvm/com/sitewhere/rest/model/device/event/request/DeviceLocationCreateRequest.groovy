package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceLocationCreateRequest
import groovy.transform.CompileStatic

/** Asks for a location event: degrees, and metres of elevation. */
@CompileStatic
class DeviceLocationCreateRequest extends DeviceEventCreateRequest implements IDeviceLocationCreateRequest {
    Double latitude
    Double longitude
    Double elevation

    /** Builds a location request. */
    static class Builder extends DeviceEventCreateRequest.Builder<DeviceLocationCreateRequest> {
        private final DeviceLocationCreateRequest made = new DeviceLocationCreateRequest()

        Builder(double latitude, double longitude) {
            made.latitude = latitude
            made.longitude = longitude
            made.elevation = 0.0d
        }

        @Override
        DeviceLocationCreateRequest getRequest() {
            made
        }

        Builder withElevation(double elevation) {
            made.elevation = elevation
            this
        }

        Builder metadata(String name, String value) {
            addMetadata(name, value)
            this
        }
    }
}
