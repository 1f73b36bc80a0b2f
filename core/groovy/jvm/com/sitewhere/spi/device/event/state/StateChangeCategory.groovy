package com.sitewhere.spi.device.event.state

/** What of a device changes. */
enum StateChangeCategory {
    Assignment, Presence, Registration
}
