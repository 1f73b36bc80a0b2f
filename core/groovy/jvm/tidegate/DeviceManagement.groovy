package tidegate

import com.sitewhere.spi.device.IDevice
import com.sitewhere.spi.device.IDeviceManagement
import com.sitewhere.spi.device.IDeviceSpecification

/** What extractors know as `deviceManagement`: every call fails by its name. */
class DeviceManagement implements IDeviceManagement {
    @Override
    IDevice getDeviceByHardwareId(String hardwareId) {
        throw missing("getDeviceByHardwareId")
    }

    @Override
    IDeviceSpecification getDeviceSpecificationByToken(String token) {
        throw missing("getDeviceSpecificationByToken")
    }

    def methodMissing(String name, Object arguments) {
        throw missing(name)
    }

    def propertyMissing(String name) {
        throw missing(name)
    }

    private static NoRegistry missing(String name) {
        new NoRegistry("deviceManagement." + name, NoRegistry.EXTRACT)
    }
}
