package com.sitewhere.spi.device.event.request

/** Carries a piece of a stream's data. */
interface IDeviceStreamDataCreateRequest extends IDeviceEventCreateRequest {
    String getStreamId()

    long getSequenceNumber()

    byte[] getData()
}
