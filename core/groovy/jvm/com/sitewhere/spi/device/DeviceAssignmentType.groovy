package com.sitewhere.spi.device

/** Whether an assignment has an asset. */
enum DeviceAssignmentType {
    Unassociated, Associated
}
