package com.sitewhere.spi.device.event.request

import com.sitewhere.spi.device.event.AlertLevel
import com.sitewhere.spi.device.event.AlertSource

/** Asks for an alert event. */
interface IDeviceAlertCreateRequest extends IDeviceEventCreateRequest {
    AlertSource getSource()

    AlertLevel getLevel()

    String getType()

    String getMessage()
}
