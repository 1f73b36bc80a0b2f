package com.sitewhere.spi.device.event.request

import com.sitewhere.spi.device.event.IMeasurementsProvider

/** Asks for a measurements event. */
interface IDeviceMeasurementsCreateRequest extends IDeviceEventCreateRequest, IMeasurementsProvider {
}
