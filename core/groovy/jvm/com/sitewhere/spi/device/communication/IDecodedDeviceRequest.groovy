package com.sitewhere.spi.device.communication

/** A request of a device, with whose it is. */
interface IDecodedDeviceRequest<T> extends Serializable {
    String getHardwareId()

    String getOriginator()

    T getRequest()
}
