package com.sitewhere.rest.model.device.request

import com.sitewhere.spi.device.event.request.IDeviceStreamCreateRequest
import groovy.transform.CompileStatic

/** Asks for a stream. */
@CompileStatic
class DeviceStreamCreateRequest implements IDeviceStreamCreateRequest, Serializable {
    String streamId
    String contentType
    Map<String, String> metadata
}
