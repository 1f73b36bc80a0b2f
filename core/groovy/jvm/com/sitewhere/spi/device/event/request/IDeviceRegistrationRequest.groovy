package com.sitewhere.spi.device.event.request

/** Asks for a device to be registered. */
interface IDeviceRegistrationRequest extends IDeviceStateChangeCreateRequest {
    String getHardwareId()

    String getSpecificationToken()

    String getSiteToken()
}
