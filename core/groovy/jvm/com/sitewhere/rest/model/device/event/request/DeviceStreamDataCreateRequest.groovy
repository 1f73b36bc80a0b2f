package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceStreamDataCreateRequest
import groovy.transform.CompileStatic

/** Carries a piece of a stream's data. */
@CompileStatic
class DeviceStreamDataCreateRequest extends DeviceEventCreateRequest implements IDeviceStreamDataCreateRequest {
    String streamId
    long sequenceNumber
    byte[] data
}
