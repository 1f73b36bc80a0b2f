package com.sitewhere.rest.model.device.communication

import com.sitewhere.spi.device.communication.IDecodedDeviceRequest
import groovy.transform.CompileStatic

/** What a decoder adds to `events`: a request, the device it is of, and the command invocation it answers, if any. */
@CompileStatic
class DecodedDeviceRequest<T> implements IDecodedDeviceRequest<T>, Serializable {
    String hardwareId
    String originator
    T request

    DecodedDeviceRequest() {
    }

    DecodedDeviceRequest(String hardwareId, String originator, T request) {
        this.hardwareId = hardwareId
        this.originator = originator
        this.request = request
    }
}
