package com.sitewhere.spi.device.event

/** Who raises an alert. */
enum AlertSource {
    Device, System
}
