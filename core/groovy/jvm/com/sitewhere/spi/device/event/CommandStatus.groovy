package com.sitewhere.spi.device.event

/** How far a command invocation is. */
enum CommandStatus {
    Pending, Processing, Sent, Responded
}
