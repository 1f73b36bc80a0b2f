package com.sitewhere.spi.device.event

/** Has named measurements. */
interface IMeasurementsProvider {
    Double getMeasurement(String name)

    Map<String, Double> getMeasurements()
}
