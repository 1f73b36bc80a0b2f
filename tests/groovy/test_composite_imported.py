"""A composite decoder of SiteWhere's, script and all, from its XML to the event, without one character changed."""

from pathlib import Path

import pytest

from core.groovy.build import Built
from tests.cli.tidegate import Homestead, free_port
from tests.groovy.conftest import give_build
from tests.sitewhere.documents import of_sources

EXTRACT = """
import com.sitewhere.device.communication.decoder.composite.BinaryMessageMetadata

def text = new String(payload)
def colon = text.indexOf(":")
def extracted = new BinaryMessageMetadata()
extracted.setHardwareId(text.substring(0, colon))
extracted.setPayload(text.substring(colon + 1).getBytes())
return extracted
"""

DECODE = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest
import com.sitewhere.spi.device.IDevice
import com.sitewhere.spi.device.communication.IDeviceEventDecoder
import com.sitewhere.spi.device.event.request.IDeviceMeasurementsCreateRequest

IDevice device = (IDevice) metadata.get(IDeviceEventDecoder.META_DEVICE)
DecodedDeviceRequest<IDeviceMeasurementsCreateRequest> decoded = new DecodedDeviceRequest<>()
decoded.setHardwareId(device.getHardwareId())
DeviceMeasurementsCreateRequest request = new DeviceMeasurementsCreateRequest()
request.addOrReplaceMeasurement("level", Double.parseDouble(new String(payload)))
decoded.setRequest(request)
events.add(decoded)
"""

SOURCES = """
<sw:socket-event-source sourceId="registrations" port="{json}">
  <sw:json-device-request-decoder/><sw:http-interaction-handler-factory/>
</sw:socket-event-source>
<sw:socket-event-source sourceId="mixed" port="{port}">
  <sw:composite-decoder>
    <sw:groovy-device-metadata-extractor scriptPath="mixed/extract.groovy"/>
    <sw:choices>
      <sw:device-specification-decoder-choice token="d2604433-e4eb-419b-97c7-88efe9b2cd41">
        <sw:groovy-event-decoder scriptPath="mixed/decode.groovy"/>
      </sw:device-specification-decoder-choice>
    </sw:choices>
  </sw:composite-decoder>
  <sw:http-interaction-handler-factory/>
</sw:socket-event-source>
"""

REGISTER = b"""{"hardwareId": "tank-7", "type": "RegisterDevice",
  "request": {"specificationToken": "d2604433-e4eb-419b-97c7-88efe9b2cd41"}}"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """SiteWhere's folder of a tenant."""
    scripts = tmp_path / "conf" / "scripts" / "groovy" / "mixed"
    scripts.mkdir(parents=True)
    (scripts / "extract.groovy").write_text(EXTRACT)
    (scripts / "decode.groovy").write_text(DECODE)
    return tmp_path / "conf"


def test_an_imported_composite_decodes_what_registered_devices_send(tmp_path: Path, conf: Path, built: Built) -> None:
    stead = Homestead(tmp_path / "home", free_port())
    json = free_port()
    (conf / "sitewhere-tenant.xml").write_bytes(of_sources(SOURCES.format(json=json, port=stead.port)))
    given = [str(conf / "sitewhere-tenant.xml"), "--tenant", "default", "--scripts", str(conf / "scripts")]
    stead.path.mkdir()
    give_build(stead.path, built)
    try:
        imported = stead("import", "sitewhere", *given)
        assert (imported.status, imported.err) == (0, "")
        stead.serve()
        applied = stead("apply", "default")
        assert applied.status == 0, applied.err
        assert stead.post(b"tank-7:12.5") == 422
        own, stead.port = stead.port, json
        assert stead.post(REGISTER) == 200
        stead.port = own
        assert stead.post(b"tank-7:12.5") == 200
        events = stead("events", "--json").objects
        assert [event["eventType"] for event in events] == ["Registration", "Measurements"]
        assert (events[1]["hardwareId"], events[1]["measurements"]) == ("tank-7", {"level": 12.5})
    finally:
        stead.end()
