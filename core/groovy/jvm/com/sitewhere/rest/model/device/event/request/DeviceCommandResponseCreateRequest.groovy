package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceCommandResponseCreateRequest
import groovy.transform.CompileStatic

/** Carries a device's answer to a command. */
@CompileStatic
class DeviceCommandResponseCreateRequest extends DeviceEventCreateRequest
    implements IDeviceCommandResponseCreateRequest {
    String originatingEventId
    String responseEventId
    String response
}
