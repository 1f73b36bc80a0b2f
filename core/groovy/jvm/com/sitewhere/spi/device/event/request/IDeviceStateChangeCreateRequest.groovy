package com.sitewhere.spi.device.event.request

import com.sitewhere.spi.device.event.state.StateChangeCategory
import com.sitewhere.spi.device.event.state.StateChangeType

/** Asks for a state change event. */
interface IDeviceStateChangeCreateRequest extends IDeviceEventCreateRequest {
    StateChangeCategory getCategory()

    StateChangeType getType()

    String getPreviousState()

    String getNewState()

    Map<String, String> getData()
}
