package com.sitewhere.rest.model.device

import com.sitewhere.spi.device.IDeviceSpecification
import groovy.transform.CompileStatic

/** A device specification as a composite decoder's metadata names it. */
@CompileStatic
class DeviceSpecification implements IDeviceSpecification, Serializable {
    String token
    String name
    String assetModuleId
    String assetId
    String containerPolicy
    Map<String, String> metadata = [:]
}
