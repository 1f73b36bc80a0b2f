package com.sitewhere.spi.device.event.request

/** Carries a device's answer to a command. */
interface IDeviceCommandResponseCreateRequest extends IDeviceEventCreateRequest {
    String getOriginatingEventId()

    String getResponseEventId()

    String getResponse()
}
