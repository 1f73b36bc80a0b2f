package com.sitewhere.spi.device.communication

/** A decoder that leaves a payload to one of several others. */
interface ICompositeDeviceEventDecoder<T> extends IDeviceEventDecoder<T> {
    /** What an extractor finds out of a payload. */
    interface IMessageMetadata<T> {
        String getHardwareId()

        T getPayload()
    }
}
