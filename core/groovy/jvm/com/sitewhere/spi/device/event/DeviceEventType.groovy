package com.sitewhere.spi.device.event

/** Kinds of events, as SiteWhere names them. */
enum DeviceEventType {
    Measurements, Measurement, Location, Alert, StreamData, CommandInvocation, CommandResponse, StateChange
}
