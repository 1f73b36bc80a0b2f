package com.sitewhere.spi.device

/** SiteWhere's device registry, as far as extractors ask it: Tidegate has none, and every call says so. */
interface IDeviceManagement {
    IDevice getDeviceByHardwareId(String hardwareId)

    IDeviceSpecification getDeviceSpecificationByToken(String token)
}
