package com.sitewhere.rest.model.device

import com.sitewhere.spi.device.IDevice
import groovy.transform.CompileStatic

/** A device as a composite decoder's metadata names it. */
@CompileStatic
class Device implements IDevice, Serializable {
    String hardwareId
    String siteToken
    String specificationToken
    String parentHardwareId
    String assignmentToken
    String comments
    String status
    Map<String, String> metadata = [:]
}
