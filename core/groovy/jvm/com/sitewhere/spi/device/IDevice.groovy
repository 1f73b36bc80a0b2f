package com.sitewhere.spi.device

/** A device, as far as its payload and its registration tell: Tidegate has no device registry. */
interface IDevice {
    String getHardwareId()

    String getSiteToken()

    String getSpecificationToken()

    String getParentHardwareId()

    String getAssignmentToken()

    String getComments()

    String getStatus()

    Map<String, String> getMetadata()
}
