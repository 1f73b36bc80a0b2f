package com.sitewhere.spi.device.event.request

/** Asks for a stream. */
interface IDeviceStreamCreateRequest {
    String getStreamId()

    String getContentType()

    Map<String, String> getMetadata()
}
