package com.sitewhere.spi.device.event.request

/** Asks for a location event. */
interface IDeviceLocationCreateRequest extends IDeviceEventCreateRequest {
    Double getLatitude()

    Double getLongitude()

    Double getElevation()
}
