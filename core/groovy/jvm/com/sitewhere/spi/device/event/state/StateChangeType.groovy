package com.sitewhere.spi.device.event.state

/** How it changes. */
enum StateChangeType {
    Assignment_Created, Assignment_Updated, Assignment_Released, Presence_Updated, Registration_Requested
}
