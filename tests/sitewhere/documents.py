"""Tenant configurations as SiteWhere's administrators have them, and pieces to make others of."""

TENANT_URI = "http://www.sitewhere.com/schema/sitewhere/ce/tenant"
SPRING_URI = "http://www.springframework.org/schema/beans"

TUTORIAL_SOURCE = """
<sw:socket-event-source sourceId="lora" port="8484" numThreads="5">
  <sw:groovy-event-decoder scriptPath="decodeOSS.groovy"/>
  <sw:http-interaction-handler-factory/>
</sw:socket-event-source>
"""

DECODE_OSS = """\
def text = new String(payload)
logger.info "got ${text}"
"""


def document(communication: str, beside: str = "", beans: str = "") -> bytes:
    """A whole file around what `device-communication` holds."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<beans xmlns="{SPRING_URI}" xmlns:sw="{TENANT_URI}" xmlns:context="http://www.springframework.org/schema/context"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:global="http://www.sitewhere.com/schema/sitewhere/ce"
  xsi:schemaLocation="{TENANT_URI} http://www.sitewhere.org/schema/sitewhere/ce/current/sitewhere-tenant.xsd">
  <context:property-placeholder location="file:${{sitewhere.home}}/conf/sitewhere-tenant.properties"
    ignore-resource-not-found="true"/>
  {beans}
  <sw:tenant-configuration>
    {beside}
    <sw:device-communication>{communication}</sw:device-communication>
  </sw:tenant-configuration>
</beans>
""".encode()


def of_sources(*sources: str) -> bytes:
    """A whole file with these event sources."""
    return document(f"<sw:event-sources>{''.join(sources)}</sw:event-sources>")


def mqtt(id: str, topic: str, decoder: str) -> str:
    return f"""
    <sw:mqtt-event-source sourceId="{id}" hostname="${{mqtt.host}}" port="1883" topic="SiteWhere/input/{topic}">
      <sw:{decoder}/>
    </sw:mqtt-event-source>"""


THREE_MQTT = (
    mqtt("protobuf", "protobuf", "protobuf-event-decoder")
    + mqtt("json", "json", "json-device-request-decoder")
    + mqtt("json-batch", "jsonbatch", "json-batch-event-decoder")
)
STOMP = """
    <sw:activemq-event-source sourceId="stomp" transportUri="stomp://localhost:2345?trace=true"
      queueName="SITEWHERE.STOMP" dataDirectory="${sitewhere.home}/${tenant.id}/stompdata" numConsumers="5">
      <sw:json-batch-event-decoder/>
    </sw:activemq-event-source>"""
BESIDE = """
    <sw:globals/>
    <sw:tenant-datastore><sw:mongo-tenant-datastore/></sw:tenant-datastore>
    <sw:event-processing>
      <sw:inbound-processing-strategy>
        <sw:blocking-queue-inbound-processing-strategy maxQueueSize="10000" numEventProcessorThreads="10"/>
      </sw:inbound-processing-strategy>
      <sw:inbound-processing-chain>
        <sw:event-storage-processor/><sw:registration-processor/><sw:device-stream-processor/>
      </sw:inbound-processing-chain>
      <sw:outbound-processing-chain>
        <sw:command-delivery-event-processor/><sw:hazelcast-event-processor/>
      </sw:outbound-processing-chain>
    </sw:event-processing>
    <sw:asset-management><sw:filesystem-device-asset-module/></sw:asset-management>"""
SERVICES = """
    <sw:device-services>
      <sw:default-registration-manager allowNewDevices="true"/>
      <sw:symbol-generator-manager><sw:qr-code-symbol-generator id="qr" name="QR"/></sw:symbol-generator-manager>
      <sw:default-presence-manager checkInterval="PT5M" presenceMissingInterval="PT8H"/>
    </sw:device-services>
    <sw:batch-operations><sw:default-batch-operation-manager throttleDelayMs="1000"/></sw:batch-operations>
    <sw:command-routing><sw:specification-mapping-router defaultDestination="default"/></sw:command-routing>
    <sw:command-destinations>
      <sw:mqtt-command-destination destinationId="default"/><sw:mqtt-command-destination destinationId="json"/>
    </sw:command-destinations>"""
BEHIND = (
    "Globals",
    "Mongo Tenant Datastore",
    "Blocking Queue Inbound Processing Strategy",
    "Event Storage Processor",
    "Registration Processor",
    "Device Stream Processor",
    "Command Delivery Event Processor",
    "Hazelcast Event Processor",
    "Filesystem Device Asset Module",
    "Registration Manager",
    "QR Code Symbol Generator",
    "Presence Manager",
    "Batch Operation Manager",
    "Specification Mapping Router",
    "MQTT Command Destination",
)
"""What `BESIDE` and `SERVICES` hold, as the report calls it."""


def template(sources: str) -> bytes:
    """A file with everything that SiteWhere's own templates have."""
    return document(f"<sw:event-sources>{sources}</sw:event-sources>{SERVICES}", BESIDE)


TEMPLATES = {"empty": template(THREE_MQTT), "airtraffic": template(THREE_MQTT + STOMP)}
