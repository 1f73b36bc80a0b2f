package com.sitewhere.spi.device.event.request

/** What every request for an event has. */
interface IDeviceEventCreateRequest {
    String getAlternateId()

    Date getEventDate()

    boolean isUpdateState()

    void setUpdateState(boolean updateState)

    Map<String, String> getMetadata()
}
