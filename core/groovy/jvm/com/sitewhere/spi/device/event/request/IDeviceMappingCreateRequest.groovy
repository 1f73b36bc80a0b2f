package com.sitewhere.spi.device.event.request

/** Asks for a device to be put into a composite device. */
interface IDeviceMappingCreateRequest {
    String getCompositeDeviceHardwareId()

    String getMappingPath()
}
