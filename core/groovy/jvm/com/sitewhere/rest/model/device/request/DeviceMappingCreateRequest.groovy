package com.sitewhere.rest.model.device.request

import com.sitewhere.spi.device.event.request.IDeviceMappingCreateRequest
import groovy.transform.CompileStatic

/** Asks for a device to be put into a composite device. */
@CompileStatic
class DeviceMappingCreateRequest implements IDeviceMappingCreateRequest, Serializable {
    String compositeDeviceHardwareId
    String mappingPath
}
