package com.sitewhere.spi.device.communication

/** Makes device requests of payloads; here for the keys of the metadata that a composite decoder adds. */
interface IDeviceEventDecoder<T> {
    String META_DEVICE = "com.sitewhere.spi.device.communication.IDeviceEventDecoder:device"

    String META_DEVICE_SPECIFICATION =
        "com.sitewhere.spi.device.communication.IDeviceEventDecoder:deviceSpecification"

    List<IDecodedDeviceRequest<?>> decode(T payload, Map<String, Object> metadata)
}
