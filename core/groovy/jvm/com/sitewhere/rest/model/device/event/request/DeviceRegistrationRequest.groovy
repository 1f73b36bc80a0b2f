package com.sitewhere.rest.model.device.event.request

import com.sitewhere.spi.device.event.request.IDeviceRegistrationRequest
import com.sitewhere.spi.device.event.state.RegistrationState
import com.sitewhere.spi.device.event.state.StateChangeCategory
import com.sitewhere.spi.device.event.state.StateChangeType
import groovy.transform.CompileStatic

/** Asks for a device to be registered; what it names lives in `data`. */
@CompileStatic
class DeviceRegistrationRequest extends DeviceStateChangeCreateRequest implements IDeviceRegistrationRequest {
    public static final String DATA_HARDWARE_ID = "hardwareId"
    public static final String DATA_SPECIFICATION_TOKEN = "specificationToken"
    public static final String DATA_SITE_TOKEN = "siteToken"

    DeviceRegistrationRequest() {
        super(
            StateChangeCategory.Registration,
            StateChangeType.Registration_Requested,
            RegistrationState.Unregistered.name(),
            RegistrationState.Registered.name()
        )
    }

    @Override
    String getHardwareId() {
        data.get(DATA_HARDWARE_ID)
    }

    void setHardwareId(String hardwareId) {
        data.put(DATA_HARDWARE_ID, hardwareId)
    }

    @Override
    String getSpecificationToken() {
        data.get(DATA_SPECIFICATION_TOKEN)
    }

    void setSpecificationToken(String specificationToken) {
        data.put(DATA_SPECIFICATION_TOKEN, specificationToken)
    }

    @Override
    String getSiteToken() {
        data.get(DATA_SITE_TOKEN)
    }

    void setSiteToken(String siteToken) {
        data.put(DATA_SITE_TOKEN, siteToken)
    }
}
