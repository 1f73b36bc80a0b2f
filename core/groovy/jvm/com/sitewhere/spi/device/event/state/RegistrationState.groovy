package com.sitewhere.spi.device.event.state

/** Whether a device is registered. */
enum RegistrationState {
    Unregistered, Registered
}
