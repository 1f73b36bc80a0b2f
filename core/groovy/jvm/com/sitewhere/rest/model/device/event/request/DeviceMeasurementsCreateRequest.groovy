package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceMeasurementsCreateRequest
import groovy.transform.CompileStatic

/** Asks for a measurements event: numbers by name. */
@CompileStatic
class DeviceMeasurementsCreateRequest extends DeviceEventCreateRequest implements IDeviceMeasurementsCreateRequest {
    Map<String, Double> measurements = new HashMap<String, Double>()

    void addOrReplaceMeasurement(String name, Double value) {
        measurements.put(name, value)
    }

    Double removeMeasurement(String name) {
        measurements.remove(name)
    }

    @Override
    Double getMeasurement(String name) {
        measurements.get(name)
    }

    void clearMeasurements() {
        measurements.clear()
    }

    /** Builds a measurements request. */
    static class Builder extends DeviceEventCreateRequest.Builder<DeviceMeasurementsCreateRequest> {
        private final DeviceMeasurementsCreateRequest made = new DeviceMeasurementsCreateRequest()

        @Override
        DeviceMeasurementsCreateRequest getRequest() {
            made
        }

        Builder measurement(String name, Double value) {
            made.addOrReplaceMeasurement(name, value)
            this
        }

        Builder metadata(String name, String value) {
            addMetadata(name, value)
            this
        }
    }
}
