package com.sitewhere.spi.device.event.request

/** Asks for stored stream data to be sent to the device. */
interface ISendDeviceStreamDataRequest {
    String getStreamId()

    long getSequenceNumber()
}
