package com.sitewhere.rest.model.device.request.scripting

import groovy.transform.CompileStatic
import tidegate.NoRegistry

/** What scripts know as `deviceBuilder`: everything it does is of SiteWhere's device registry, so all of it fails by name. */
@CompileStatic
class DeviceManagementRequestBuilder {
    Object newSite(String token, String name) {
        throw new NoRegistry("deviceBuilder.newSite", NoRegistry.REGISTER)
    }

    Object newZone(String name) {
        throw new NoRegistry("deviceBuilder.newZone", NoRegistry.REGISTER)
    }

    Object newSpecification(String token, String name, String assetModuleId, String assetId) {
        throw new NoRegistry("deviceBuilder.newSpecification", NoRegistry.REGISTER)
    }

    Object newCommand(String token, String namespace, String name) {
        throw new NoRegistry("deviceBuilder.newCommand", NoRegistry.REGISTER)
    }

    Object newDevice(String siteToken, String specificationToken, String hardwareId) {
        throw new NoRegistry("deviceBuilder.newDevice", NoRegistry.REGISTER)
    }

    Object fromDevice(Object device) {
        throw new NoRegistry("deviceBuilder.fromDevice", NoRegistry.REGISTER)
    }

    Object newAssignment(String hardwareId, String assetModuleId, String assetId) {
        throw new NoRegistry("deviceBuilder.newAssignment", NoRegistry.REGISTER)
    }

    Object newGroup(String token, String name) {
        throw new NoRegistry("deviceBuilder.newGroup", NoRegistry.REGISTER)
    }

    Object newGroupElement(String id) {
        throw new NoRegistry("deviceBuilder.newGroupElement", NoRegistry.REGISTER)
    }

    Object persist(Object... arguments) {
        throw new NoRegistry("deviceBuilder.persist", NoRegistry.REGISTER)
    }

    Object update(Object device, Object builder) {
        throw new NoRegistry("deviceBuilder.update", NoRegistry.REGISTER)
    }

    Object getDeviceManagement() {
        throw new NoRegistry("deviceBuilder.getDeviceManagement", NoRegistry.REGISTER)
    }
}
