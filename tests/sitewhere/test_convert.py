"""What becomes of each kind of thing that a SiteWhere tenant configuration holds."""

import tomllib
from typing import Any

import pytest

from core.catalogue.registry import catalogue
from core.config.tenant import read_tenant
from core.control.importing import ImportLine
from core.sitewhere.convert import Conversion, convert
from tests.sitewhere.documents import BEHIND, TEMPLATES, TENANT_URI, THREE_MQTT, TUTORIAL_SOURCE, document, of_sources

CATALOGUE = catalogue()
HAS = {component.sitewhere.element for component in CATALOGUE if component.sitewhere}
"""Elements that Tidegate has a component for."""


def converted(raw: bytes, **properties: str) -> Conversion:
    given = {name.replace("__", "."): value for name, value in properties.items()}
    return convert(raw, "default", "Default Tenant", CATALOGUE, given, "sitewhere-tenant.xml")


def sources(found: Conversion) -> list[dict[str, Any]]:
    return tomllib.loads(found.text).get("device_communication", {}).get("event_sources", [])


def lines(found: Conversion, kind: str) -> list[ImportLine]:
    return [line for line in found.lines if line.kind == kind]


def told(found: Conversion, kind: str) -> str:
    return "\n".join(f"{line.subject}: {line.reason}" for line in lines(found, kind))


def socket(id: str = "lora", attributes: str = 'port="8484"', inner: str = "<sw:json-device-request-decoder/>") -> str:
    return f'<sw:socket-event-source sourceId="{id}" {attributes}>{inner}</sw:socket-event-source>'


def one(source: str, **properties: str) -> dict[str, Any]:
    """The table of the one source that is carried over."""
    found = sources(converted(of_sources(source), **properties))
    assert len(found) == 1
    return found[0]


# The shipped templates and the tutorial.


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_keeps_its_sources_as_comments_and_names_all_else(name: str) -> None:
    found = converted(TEMPLATES[name], mqtt__host="broker.example.com")
    assert sources(found) == []
    assert not lines(found, "carried")
    assert '# hostname = "broker.example.com"' in found.text
    assert "# [[device_communication.event_sources]]" in found.text
    for id in ("protobuf", "json", "json-batch"):
        assert f"# Not carried over: {id} (MQTT Event Source)." in found.text
    subjects = [line.subject for line in lines(found, "left_out")]
    assert set(BEHIND) <= set(subjects)
    assert all(line.reason and line.line for line in lines(found, "left_out"))


def test_the_tutorials_source() -> None:
    found = converted(of_sources(TUTORIAL_SOURCE))
    expected = {
        "type": "socket",
        "id": "lora",
        "port": 8484,
        "bind_address": "0.0.0.0",
        "threads": 5,
        "interaction_handler": {"type": "http"},
        "decoder": {"type": "groovy", "script": "decodeOSS.groovy"},
    }
    assert sources(found) == [expected]
    assert found.scripts == {"decodeOSS.groovy": "lora/decoder"}
    assert "SiteWhere listens on every interface" in told(found, "changed")


def test_the_order_of_children_does_not_matter() -> None:
    inner = "<sw:http-interaction-handler-factory/><sw:json-device-request-decoder/>"
    other = "<sw:json-device-request-decoder/><sw:http-interaction-handler-factory/>"
    assert one(socket(inner=inner)) == one(socket(inner=other))


# Table by table.

EVENT_SOURCES = {
    "mqtt-event-source": 'hostname="h" port="1883" topic="t" cleanSession="true" qos="AT_LEAST_ONCE"',
    "rabbit-mq-event-source": 'connectionUri="amqp://user:hunter2@h" queueName="q" durable="false" numConsumers="5"',
    "activemq-event-source": 'transportUri="tcp://h" queueName="q" dataDirectory="/d" numConsumers="3"',
    "activemq-client-event-source": 'remoteUri="tcp://h" queueName="q" numConsumers="3"',
    "azure-eventhub-event-source": 'targetFqn="f" namespace="n" entityPath="e" partitionCount="4" zkStateStore="z"',
    "polling-rest-event-source": 'scriptPath="poll.groovy" baseUrl="http://h" pollIntervalMs="10000"',
    "coap-server-event-source": 'hostname="localhost" port="5683"',
    "hazelcast-queue-event-source": "",
    "web-socket-event-source": 'webSocketUrl="ws://h" payloadType="binary"',
}


@pytest.mark.parametrize("element", [name for name in EVENT_SOURCES if name not in HAS])
def test_a_source_that_tidegate_has_not_got_stays_as_a_comment(element: str) -> None:
    source = f'<sw:{element} sourceId="a" {EVENT_SOURCES[element]}><sw:json-device-request-decoder/></sw:{element}>'
    found = converted(of_sources(source, socket()))
    assert [source["id"] for source in sources(found)] == ["lora"]
    assert "stands in the file as a comment" in told(found, "left_out")
    block = "\n".join(line[2:] for line in found.text.splitlines() if line.startswith("# "))
    table = tomllib.loads(block[block.index("[[device") :])["device_communication"]["event_sources"][0]
    assert table["id"] == "a"
    assert table["decoder"] == {"type": "json"}


def test_no_secret_is_copied() -> None:
    attributes = 'port="1" password="hunter2" trustStorePassword="hunter2" keyStorePassword="hunter2"'
    rabbit = EVENT_SOURCES["rabbit-mq-event-source"]
    found = converted(
        of_sources(
            f'<sw:mqtt-event-source sourceId="a" {attributes}/>', f'<sw:rabbit-mq-event-source sourceId="b" {rabbit}/>'
        )
    )
    assert "hunter2" not in found.text + str(found.lines)
    assert "password was not copied" in found.text


@pytest.mark.parametrize(
    ("element", "type"),
    [
        ("read-all-interaction-handler-factory", "read_all"),
        ("http-interaction-handler-factory", "http"),
        ("groovy-interaction-handler-factory", None),
        ("interaction-handler-factory", None),
    ],
)
def test_interaction_handlers(element: str, type: str | None) -> None:
    attribute = {
        "groovy-interaction-handler-factory": 'scriptPath="h.groovy"',
        "interaction-handler-factory": 'ref="b"',
    }
    source = socket(inner=f"<sw:json-device-request-decoder/><sw:{element} {attribute.get(element, '')}/>")
    if type is not None and element in HAS:
        assert one(source)["interaction_handler"] == {"type": type}
        return
    found = converted(of_sources(source))
    assert sources(found) == []
    words = {"groovy-interaction-handler-factory": "java.net.Socket", "interaction-handler-factory": "Spring bean"}
    assert words.get(element, "Tidegate has no") in told(found, "left_out")


@pytest.mark.skipif("read-all-interaction-handler-factory" not in HAS, reason="there is no read-all handler")
def test_without_a_handler_everything_is_read() -> None:
    found = converted(of_sources(socket()))
    assert sources(found)[0]["interaction_handler"] == {"type": "read_all"}
    assert "SiteWhere then takes this one" in told(found, "changed")


@pytest.mark.parametrize(
    ("element", "type"),
    [
        ("protobuf-event-decoder", "protobuf"),
        ("json-device-request-decoder", "json"),
        ("json-batch-event-decoder", "json_batch"),
        ("json-event-decoder", "json_batch"),
        ("groovy-event-decoder", "groovy"),
        ("groovy-string-event-decoder", "groovy_string"),
        ("echo-string-decoder", None),
        ("event-decoder", None),
    ],
)
def test_decoders(element: str, type: str | None) -> None:
    attribute = 'scriptPath="a/b.groovy"' if "groovy" in element else 'ref="bean"' if element == "event-decoder" else ""
    source = socket(inner=f"<sw:{element} {attribute}/><sw:http-interaction-handler-factory/>")
    has = HAS | ({"json-event-decoder"} if "json-batch-event-decoder" in HAS else set())
    if type is not None and element in has:
        script = {"script": "a/b.groovy"} if "groovy" in element else {}
        assert one(source)["decoder"] == {"type": type, **script}
    else:
        found = converted(of_sources(source))
        assert sources(found) == []
        assert "# [device_communication.event_sources.decoder]\n# type = " in found.text


@pytest.mark.parametrize("element", ["alternate-id-deduplicator", "groovy-event-deduplicator"])
def test_deduplicators(element: str) -> None:
    attribute = 'scriptPath="same.groovy"' if "groovy" in element else ""
    inner = f"<sw:json-device-request-decoder/><sw:http-interaction-handler-factory/><sw:{element} {attribute}/>"
    found = converted(of_sources(socket(inner=inner)))
    if element in HAS:
        expected = {"type": "groovy", "script": "same.groovy"} if attribute else {"type": "alternate_id"}
        assert sources(found)[0]["deduplicator"] == expected
    else:
        assert "lora" in told(found, "left_out")


CHOICE = "device-specification-decoder-choice"
COMPOSITE = f"""
<sw:composite-decoder>
  <sw:groovy-device-metadata-extractor scriptPath="extract.groovy"/>
  <sw:choices>
    <sw:{CHOICE} token="one"><sw:json-device-request-decoder/></sw:{CHOICE}>
    <sw:{CHOICE} token="two"><sw:groovy-event-decoder scriptPath="two.groovy"/></sw:{CHOICE}>
  </sw:choices>
</sw:composite-decoder><sw:http-interaction-handler-factory/>"""


INNER = f"""
<sw:composite-decoder>
  <sw:groovy-device-metadata-extractor scriptPath="inner.groovy"/>
  <sw:choices><sw:{CHOICE} token="three"><sw:protobuf-event-decoder/></sw:{CHOICE}></sw:choices>
</sw:composite-decoder>"""


def test_a_composite_decoder() -> None:
    found = converted(of_sources(socket(inner=COMPOSITE)))
    assert sources(found)[0]["decoder"] == {
        "type": "composite",
        "metadata_extractor": {"type": "groovy", "script": "extract.groovy"},
        "choices": [
            {"type": "device_specification", "token": "one", "decoder": {"type": "json"}},
            {
                "type": "device_specification",
                "token": "two",
                "decoder": {"type": "groovy", "script": "two.groovy"},
            },
        ],
    }
    assert found.scripts == {
        "extract.groovy": "lora/decoder/metadata_extractor",
        "two.groovy": "lora/decoder/choices/two/decoder",
    }
    assert "lora/decoder type: SiteWhere asks its registry for a device's specification" in told(found, "changed")
    assert "Match Device Specification" in told(found, "carried")


def test_a_composite_decoder_in_a_composite_decoder() -> None:
    given = COMPOSITE.replace("<sw:json-device-request-decoder/>", INNER)
    found = converted(of_sources(socket(inner=given)))
    inner = sources(found)[0]["decoder"]["choices"][0]["decoder"]
    assert inner["metadata_extractor"] == {"type": "groovy", "script": "inner.groovy"}
    assert inner["choices"] == [{"type": "device_specification", "token": "three", "decoder": {"type": "protobuf"}}]
    assert found.scripts["inner.groovy"] == "lora/decoder/choices/one/decoder/metadata_extractor"
    assert "lora/decoder/choices/one/decoder type: SiteWhere asks" in told(found, "changed")


def test_the_second_choice_of_one_token_never_decoded_anything_and_stays_behind() -> None:
    given = COMPOSITE.replace('token="two"', 'token="${which}"')
    found = converted(of_sources(socket(inner=given)), which="one")
    choices = sources(found)[0]["decoder"]["choices"]
    assert [(choice["token"], choice["decoder"]["type"]) for choice in choices] == [("one", "json")]
    assert set(found.scripts) == {"extract.groovy"}
    assert "lora/decoder/choices/one (second): one before it has the same token" in told(found, "left_out")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('<sw:groovy-device-metadata-extractor scriptPath="extract.groovy"/>', "", "Metadata Extractor is missing"),
        ('token="two"', "", "token: is required"),
        ('token="two"', 'token="a/b"', "'a/b' is no token"),
        ("<sw:json-device-request-decoder/>", "<sw:echo-string-decoder/>", "it makes no events"),
        ("<sw:json-device-request-decoder/>", "", "Binary Event Decoder is missing"),
    ],
)
def test_a_composite_decoder_that_cannot_be_carried_over(old: str, new: str, words: str) -> None:
    found = converted(of_sources(socket(inner=COMPOSITE.replace(old, new))))
    assert sources(found) == []
    assert words in told(found, "left_out")
    block = "\n".join(line[2:] for line in found.text.splitlines() if line.startswith("# "))
    table = tomllib.loads(block[block.index("[[device") :])["device_communication"]["event_sources"][0]
    assert table["decoder"]["type"] == "composite"
    assert len(table["decoder"]["choices"]) == 2


# What is changed.


@pytest.mark.parametrize(
    ("attributes", "key", "value", "words"),
    [
        ("", "port", 8484, "SiteWhere's default"),
        ('port="8484" numThreads="500"', "threads", 64, "500 in SiteWhere"),
        ('port=" 8485 "', "port", 8485, ""),
        ('port="${lora.port}"', "port", 9000, ""),
        ('port="${other.port:9001}"', "port", 9001, ""),
    ],
)
def test_attributes(attributes: str, key: str, value: object, words: str) -> None:
    found = converted(of_sources(socket(attributes=attributes, inner=HTTP)), lora__port="9000")
    assert sources(found)[0][key] == value
    assert words in told(found, "changed")


HTTP = "<sw:json-device-request-decoder/><sw:http-interaction-handler-factory/>"


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('port="0"', "0 is less than 1"),
        ('port="abc"', "'abc' is not a whole number"),
        ('port="8484" numThreads="0"', "0 is less than 1"),
        ('port="${nobody}"', "${nobody}, which has no value"),
        ('port="#{1 + 1}"', "Spring expression"),
    ],
)
def test_a_value_that_cannot_be_carried_over_says_why(attributes: str, words: str) -> None:
    found = converted(of_sources(socket(attributes=attributes, inner=HTTP)))
    assert sources(found) == []
    assert words in told(found, "left_out")
    assert words in found.text


def test_ids_become_ids_and_their_own() -> None:
    raw = of_sources(*(socket(id, f'port="{port}"', HTTP) for port, id in enumerate(["a b/c", "a-b-c", "", "ü"], 8484)))
    found = converted(raw)
    assert [source["id"] for source in sources(found)] == ["a-b-c", "a-b-c-2", "socket", "socket-2"]
    assert "a b/c in SiteWhere" in told(found, "changed")


def test_the_second_source_on_a_port_is_switched_off() -> None:
    found = converted(of_sources(socket("a", inner=HTTP), socket("b", inner=HTTP)))
    assert [source.get("enabled", True) for source in sources(found)] == [True, False]
    assert "port 8484 is a's already" in found.text


def test_a_script_outside_of_the_folder_is_refused() -> None:
    decoder = '<sw:groovy-event-decoder scriptPath="../../etc/passwd"/><sw:http-interaction-handler-factory/>'
    assert sources(converted(of_sources(socket(inner=decoder)))) == []


# Names, old and foreign.


def test_older_names_and_any_prefix() -> None:
    raw = f"""<t:tenant-configuration xmlns:t="{TENANT_URI}">
      <t:provisioning><t:event-sources><t:socket-event-source sourceId="x" port="1">
        <t:json-device-request-decoder/><t:http-interaction-handler-factory/>
      </t:socket-event-source></t:event-sources>
      <t:registration><t:default-registration-manager/></t:registration></t:provisioning>
    </t:tenant-configuration>""".encode()
    found = converted(raw)
    assert [source["id"] for source in sources(found)] == ["x"]
    assert "Registration Manager: Tidegate keeps no registry" in told(found, "left_out")


def test_beans_and_foreign_elements_are_named() -> None:
    foreign = '<x:thing xmlns:x="urn:x"/>'
    inner = f"{HTTP}{foreign}"
    source = f'{socket(inner=inner)}<sw:event-source ref="mine"/>{foreign}'
    found = converted(document(f"<sw:event-sources>{source}</sw:event-sources>", foreign, '<bean id="mine"/>'))
    assert [source["id"] for source in sources(found)] == ["lora"]
    subjects = [line.subject for line in lines(found, "left_out")]
    assert subjects.count("<thing>") == 2
    assert "lora: <thing>" in subjects
    assert "Spring bean mine" in subjects
    assert "Event Source" in told(found, "left_out")


def test_an_unknown_attribute_is_named() -> None:
    found = converted(of_sources(socket(attributes='port="8484" bindAddress="localhost" shoe="42"', inner=HTTP)))
    assert "lora bindAddress" in told(found, "left_out")
    assert "lora shoe" in told(found, "left_out")


def test_the_text_reads_as_a_tenant() -> None:
    found = converted(of_sources(socket(inner=HTTP), THREE_MQTT))
    read = read_tenant(found.text, "tenant.toml", CATALOGUE, "default")
    assert (read.faults, [source.id for source in read.sources]) == ([], ["lora"])
