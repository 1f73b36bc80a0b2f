"""What SiteWhere 1.x calls things, in its XML and in its administration console, and why some do not come along."""

TENANT_NAMESPACE = "http://www.sitewhere.com/schema/sitewhere/"
"""What the namespaces of tenant and server configurations begin with; the edition and the file's kind follow."""

OLDER_NAMES = {
    "provisioning": "device-communication",
    "registration": "device-services",
    "json-event-decoder": "json-batch-event-decoder",
    "default-inbound-processing-strategy": "blocking-queue-inbound-processing-strategy",
    "default-outbound-processing-strategy": "blocking-queue-outbound-processing-strategy",
}

TITLES = {
    "socket-event-source": "Socket Event Source",
    "mqtt-event-source": "MQTT Event Source",
    "rabbit-mq-event-source": "RabbitMQ Event Source",
    "activemq-event-source": "ActiveMQ Event Source",
    "activemq-client-event-source": "ActiveMQ Client Event Source",
    "azure-eventhub-event-source": "Azure EventHub Event Source",
    "polling-rest-event-source": "Polling REST Event Source",
    "coap-server-event-source": "CoAP Server Event Source",
    "hazelcast-queue-event-source": "Hazelcast Queue Event Source",
    "web-socket-event-source": "WebSocket Event Source",
    "read-all-interaction-handler-factory": "Read-All Socket Interaction Handler Factory",
    "http-interaction-handler-factory": "HTTP Socket Interaction Handler Factory",
    "groovy-interaction-handler-factory": "Groovy Socket Interaction Handler Factory",
    "protobuf-event-decoder": "Google Protocol Buffers Event Decoder",
    "json-device-request-decoder": "JSON Device Request Decoder",
    "json-batch-event-decoder": "JSON Batch Event Decoder",
    "groovy-event-decoder": "Groovy Binary Event Decoder",
    "composite-decoder": "Composite Event Decoder (Binary)",
    "groovy-string-event-decoder": "Groovy String Event Decoder",
    "echo-string-decoder": "Echo String Event Decoder",
    "groovy-device-metadata-extractor": "Groovy Metadata Extractor (Binary)",
    "device-specification-decoder-choice": "Match Device Specification",
    "alternate-id-deduplicator": "Alternate Id Deduplicator",
    "groovy-event-deduplicator": "Groovy Event Deduplicator",
    "default-registration-manager": "Registration Manager",
    "qr-code-symbol-generator": "QR Code Symbol Generator",
    "default-presence-manager": "Presence Manager",
    "default-batch-operation-manager": "Batch Operation Manager",
    "header": "WebSocket Header",
}
_SPELLED = {"mqtt": "MQTT", "coap": "CoAP", "hbase": "HBase", "influxdb": "InfluxDB", "sqs": "SQS", "io": "IO"}

SOURCE_SUFFIX = "-event-source"
HANDLER_SUFFIX = "interaction-handler-factory"
BEANS = {
    "event-source",
    "event-decoder",
    "event-deduplicator",
    "interaction-handler-factory",
    "registration-manager",
    "batch-operation-manager",
    "command-router",
    "command-destination",
    "command-encoder",
    "inbound-event-processor",
    "outbound-event-processor",
}
"""Elements whose `ref` names a Spring bean."""
BEAN_REASON = "a Spring bean is Java code of somebody's own, which runs in SiteWhere alone"

WRAPPERS = {"choices"}
"""Elements that only hold others together."""

NO_REGISTRY = "Tidegate keeps no registry of devices: what any device sends is kept under its hardware id"
NO_COMMANDS = "Tidegate brings device data in and sends no commands out"
OWN_STORE = "Tidegate keeps what it receives in a journal and an index of its own"
NO_PROCESSORS = "what is received is stored before the answer and published from there; there are no processing chains"
OWN_QUEUE = "an event is on disk before its device is answered: there is no queue in memory to be sized"

SECTIONS = {
    "globals": "what all tenants share in SiteWhere has no counterpart here",
    "tenant-datastore": OWN_STORE,
    "device-services": NO_REGISTRY,
    "symbol-generator-manager": NO_REGISTRY,
    "batch-operations": NO_COMMANDS,
    "command-routing": NO_COMMANDS,
    "command-destinations": NO_COMMANDS,
    "inbound-processing-chain": NO_PROCESSORS,
    "outbound-processing-chain": NO_PROCESSORS,
    "inbound-processing-strategy": OWN_QUEUE,
    "outbound-processing-strategy": OWN_QUEUE,
    "asset-management": "assets are what devices are assigned to, and Tidegate keeps no registry of devices",
    "search-providers": "events are searched in Tidegate's own index",
    "event-processing": NO_PROCESSORS,
}
"""Parts of a tenant configuration that hold components, each with the reason why those stay behind."""

COMPONENT_REASONS = {
    "groovy-interaction-handler-factory": (
        "its script is handed a live java.net.Socket, which Tidegate gives to no script: a framed or a Python "
        "interaction handler does such work"
    ),
    "echo-string-decoder": "it makes no events; `tidegate decode` and Live Traffic show what arrives",
    "hazelcast-queue-event-source": "it takes events that another SiteWhere has decoded",
    "device-stream-processor": "streams are kept as events of their own",
    "event-storage-processor": "storing is not optional here: every request is on disk before its device is answered",
    "registration-processor": NO_REGISTRY,
    "default-presence-manager": f"{NO_REGISTRY}, and watches for no silence",
}

CHANGED = {
    "composite-decoder": (
        "SiteWhere asks its registry for a device's specification; here the extractor's script sets "
        "specificationToken, or what the device registered as last counts"
    ),
}
"""Components that work otherwise here, each with how."""


def title(name: str) -> str:
    """What SiteWhere's console calls an element: `Socket Event Source`."""
    if name in TITLES:
        return TITLES[name]
    return " ".join(_SPELLED.get(word, word.capitalize()) for word in name.split("-"))


def reason(name: str, otherwise: str) -> str:
    """Why a component stays behind."""
    if name in BEANS:
        return BEAN_REASON
    return COMPONENT_REASONS.get(name, otherwise)
