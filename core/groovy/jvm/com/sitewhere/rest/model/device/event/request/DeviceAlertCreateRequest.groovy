package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.AlertLevel
import com.sitewhere.spi.device.event.AlertSource
import com.sitewhere.spi.device.event.request.IDeviceAlertCreateRequest
import groovy.transform.CompileStatic

/** Asks for an alert event. */
@CompileStatic
class DeviceAlertCreateRequest extends DeviceEventCreateRequest implements IDeviceAlertCreateRequest {
    AlertSource source = AlertSource.Device
    AlertLevel level = AlertLevel.Info
    String type
    String message

    /** Builds an alert request. */
    static class Builder extends DeviceEventCreateRequest.Builder<DeviceAlertCreateRequest> {
        private final DeviceAlertCreateRequest made = new DeviceAlertCreateRequest()

        Builder(String type, String message) {
            made.type = type
            made.message = message
        }

        @Override
        DeviceAlertCreateRequest getRequest() {
            made
        }

        Builder asSystemAlert() {
            made.source = AlertSource.System
            this
        }

        Builder warning() {
            made.level = AlertLevel.Warning
            this
        }

        Builder error() {
            made.level = AlertLevel.Error
            this
        }

        Builder critical() {
            made.level = AlertLevel.Critical
            this
        }

        Builder metadata(String name, String value) {
            addMetadata(name, value)
            this
        }
    }
}
