package com.sitewhere.spi.device

/** What a device is built like; Tidegate knows its token alone. */
interface IDeviceSpecification {
    String getToken()

    String getName()

    String getAssetModuleId()

    String getAssetId()

    String getContainerPolicy()

    Map<String, String> getMetadata()
}
