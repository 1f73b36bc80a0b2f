package com.sitewhere.rest.model.device.communication

import groovy.transform.CompileStatic

/** A request in SiteWhere's own JSON: whose, of which type, and what. */
@CompileStatic
class DeviceRequest implements Serializable {
    /** Kinds of requests. */
    static enum Type {
        RegisterDevice, DeviceLocation, DeviceAlert, DeviceMeasurements, DeviceStream, DeviceStreamData, Acknowledge, MapDevice
    }

    String hardwareId
    String originator
    Type type
    Object request
}
