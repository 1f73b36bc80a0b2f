package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.CommandInitiator
import com.sitewhere.spi.device.event.CommandStatus
import com.sitewhere.spi.device.event.CommandTarget
import com.sitewhere.spi.device.event.request.IDeviceCommandInvocationCreateRequest
import groovy.transform.CompileStatic

/** Asks for a command to be sent; no decoder can have it routed. */
@CompileStatic
class DeviceCommandInvocationCreateRequest extends DeviceEventCreateRequest
    implements IDeviceCommandInvocationCreateRequest {
    CommandInitiator initiator
    String initiatorId
    CommandTarget target
    String targetId
    String commandToken
    Map<String, String> parameterValues = new HashMap<String, String>()
    CommandStatus status

    /** Builds a command invocation request. */
    static class Builder extends DeviceEventCreateRequest.Builder<DeviceCommandInvocationCreateRequest> {
        private final DeviceCommandInvocationCreateRequest made = new DeviceCommandInvocationCreateRequest()

        Builder(String commandToken, String targetAssignment) {
            made.commandToken = commandToken
            made.initiator = CommandInitiator.Script
            made.target = CommandTarget.Assignment
            made.targetId = targetAssignment
        }

        @Override
        DeviceCommandInvocationCreateRequest getRequest() {
            made
        }

        Builder parameterValue(String name, String value) {
            made.parameterValues.put(name, value)
            this
        }

        Builder metadata(String name, String value) {
            addMetadata(name, value)
            this
        }
    }
}
