package com.sitewhere.rest.model.device.event.request.scripting

import com.sitewhere.rest.model.device.event.request.DeviceAlertCreateRequest
import com.sitewhere.rest.model.device.event.request.DeviceCommandInvocationCreateRequest
import com.sitewhere.rest.model.device.event.request.DeviceLocationCreateRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest
import groovy.transform.CompileStatic
import tidegate.NoRegistry

/** What scripts know as `eventBuilder`: requests are built whole; what stores them beside `events` fails by name. */
@CompileStatic
class DeviceEventRequestBuilder {
    DeviceLocationCreateRequest.Builder newLocation(double latitude, double longitude) {
        new DeviceLocationCreateRequest.Builder(latitude, longitude)
    }

    DeviceMeasurementsCreateRequest.Builder newMeasurements() {
        new DeviceMeasurementsCreateRequest.Builder()
    }

    DeviceAlertCreateRequest.Builder newAlert(String type, String message) {
        new DeviceAlertCreateRequest.Builder(type, message)
    }

    DeviceCommandInvocationCreateRequest.Builder newCommandInvocation(String commandName, String assignmentToken) {
        new DeviceCommandInvocationCreateRequest.Builder(commandName, assignmentToken)
    }

    Object forSameAssignmentAs(Object event) {
        throw new NoRegistry("eventBuilder.forSameAssignmentAs", NoRegistry.ADD)
    }

    Object forAssignment(String token) {
        throw new NoRegistry("eventBuilder.forAssignment", NoRegistry.ADD)
    }

    Object persist(Object builder) {
        throw new NoRegistry("eventBuilder.persist", NoRegistry.ADD)
    }
}
