package com.sitewhere.spi.device.event.request

import com.sitewhere.spi.device.event.CommandInitiator
import com.sitewhere.spi.device.event.CommandStatus
import com.sitewhere.spi.device.event.CommandTarget

/** Asks for a command to be sent. */
interface IDeviceCommandInvocationCreateRequest extends IDeviceEventCreateRequest {
    CommandInitiator getInitiator()

    String getInitiatorId()

    CommandTarget getTarget()

    String getTargetId()

    String getCommandToken()

    Map<String, String> getParameterValues()

    CommandStatus getStatus()
}
