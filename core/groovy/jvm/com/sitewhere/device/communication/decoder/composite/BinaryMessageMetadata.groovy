package com.sitewhere.device.communication.decoder.composite

import com.sitewhere.spi.device.communication.ICompositeDeviceEventDecoder.IMessageMetadata
import groovy.transform.CompileStatic

/** What a composite decoder's extractor returns: whose payload it is, and the payload that a choice decodes. */
@CompileStatic
class BinaryMessageMetadata implements IMessageMetadata<byte[]> {
    String hardwareId
    byte[] payload

    /** Tidegate's own: picks the choice, since there is no registry to look the device's specification up in. */
    String specificationToken
}
