package com.sitewhere.spi.device.event

/** How grave an alert is. */
enum AlertLevel {
    Info, Warning, Error, Critical
}
