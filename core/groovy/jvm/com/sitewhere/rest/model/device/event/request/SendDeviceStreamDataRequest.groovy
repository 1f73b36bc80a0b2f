package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.ISendDeviceStreamDataRequest
import groovy.transform.CompileStatic

/** Asks for stored stream data to be sent to the device. */
@CompileStatic
class SendDeviceStreamDataRequest implements ISendDeviceStreamDataRequest {
    String streamId
    long sequenceNumber
}
