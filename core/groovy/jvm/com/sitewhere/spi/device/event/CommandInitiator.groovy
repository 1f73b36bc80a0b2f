package com.sitewhere.spi.device.event

/** Who invokes a command. */
enum CommandInitiator {
    REST, BatchOperation, Script, Scheduler
}
