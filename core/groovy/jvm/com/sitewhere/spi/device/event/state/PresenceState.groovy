package com.sitewhere.spi.device.event.state

/** Whether a device is there. */
enum PresenceState {
    PRESENT, NOT_PRESENT
}
