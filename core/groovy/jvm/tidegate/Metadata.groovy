package tidegate

import com.sitewhere.rest.model.device.Device
import com.sitewhere.rest.model.device.DeviceSpecification
import com.sitewhere.spi.device.communication.IDeviceEventDecoder
import groovy.transform.CompileStatic
import java.time.Instant

/** What scripts know as `metadata`: `received` is a Date, and a composite decoder's device is SiteWhere's IDevice. */
@CompileStatic
class Metadata extends LazyMap {
    Metadata(byte[] json) {
        super(json)
    }

    @Override
    protected Map<String, Object> complete(Map<String, Object> read) {
        Object received = read.get("received")
        if (received instanceof Number) {
            read.put("received", new Date(((Number) received).longValue()))
        } else if (received instanceof String) {
            read.put("received", Date.from(Instant.parse((String) received)))
        }
        device(read)
        read
    }

    private static void device(Map<String, Object> read) {
        Object device = read.get(IDeviceEventDecoder.META_DEVICE)
        if (device instanceof Map) {
            read.put(IDeviceEventDecoder.META_DEVICE, new Device(
                hardwareId: (String) ((Map) device).get("hardwareId"),
                specificationToken: (String) ((Map) device).get("specificationToken")
            ))
        }
        Object specification = read.get(IDeviceEventDecoder.META_DEVICE_SPECIFICATION)
        if (specification instanceof Map) {
            read.put(IDeviceEventDecoder.META_DEVICE_SPECIFICATION, new DeviceSpecification(
                token: (String) ((Map) specification).get("token")
            ))
        }
    }
}
