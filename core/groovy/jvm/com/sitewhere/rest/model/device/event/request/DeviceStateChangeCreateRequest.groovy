package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceStateChangeCreateRequest
import com.sitewhere.spi.device.event.state.StateChangeCategory
import com.sitewhere.spi.device.event.state.StateChangeType
import groovy.transform.CompileStatic

/** Asks for a state change event. */
@CompileStatic
class DeviceStateChangeCreateRequest extends DeviceEventCreateRequest implements IDeviceStateChangeCreateRequest {
    StateChangeCategory category
    StateChangeType type
    String previousState
    String newState
    Map<String, String> data = new HashMap<String, String>()

    DeviceStateChangeCreateRequest(
        StateChangeCategory category, StateChangeType type, String previousState, String newState
    ) {
        this.category = category
        this.type = type
        this.previousState = previousState
        this.newState = newState
    }
}
