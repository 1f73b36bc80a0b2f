package com.sitewhere.spi.device.event

/** What a command is sent to. */
enum CommandTarget {
    Assignment
}
