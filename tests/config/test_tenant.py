"""Reading a tenant.toml: what it says, and every fault at once with its line."""

from core.catalogue.registry import catalogue
from core.config.tenant import TenantConfiguration, read_tenant

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "{id}"
port = {port}
bind_address = "{host}"
interaction_handler = {{ type = "http" }}
decoder = {{ type = "json" }}
"""


def read(text: str) -> TenantConfiguration:
    return read_tenant(text, "/home/tenants/default/tenant.toml", catalogue())


def faults(text: str) -> list[str]:
    return [str(fault).removeprefix("/home/tenants/default/tenant.toml:") for fault in read(text).faults]


TENANT = '[tenant]\nid = "default"\nname = "Default"\n'


def test_a_whole_configuration() -> None:
    got = read(TENANT + SOURCE.format(id="a", port=1, host="::1") + SOURCE.format(id="b", port=2, host="::1"))
    assert got.faults == []
    assert got.broken == {}
    assert [source.id for source in got.sources] == ["a", "b"]
    assert [source.slots["decoder"].component.type for source in got.sources] == ["json", "json"]
    assert (got.id, got.name, got.autostart) == ("default", "Default", True)


def test_every_fault_at_once_with_its_line() -> None:
    text = """\
[tenant]
id = "other"
nme = "x"

[device_comunication]

[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = 84840
treads = 2

[device_communication.event_sources.interaction_handler]
type = "htp"

[device_communication.event_sources.decoder]
# no script
type = "python"

[[device_communication.event_sources]]
id = "none"

[device_communication.event_sinks]
"""
    assert faults(text) == [
        "1: tenant.name: is required: what people call this tenant",
        "2: tenant.id: 'other' is not the name of its folder, 'default': they must be the same",
        "3: tenant.nme: is not a setting; did you mean name?",
        "5: device_comunication: is not known here; did you mean device_communication?",
        "10: event_sources.lora.port: 84840 is more than 65535",
        "11: event_sources.lora.treads: is not a setting; did you mean threads?",
        "14: event_sources.lora.interaction_handler.type: 'htp' is no known type; did you mean http?",
        "16: event_sources.lora.decoder.script: is required: a file in the tenant's scripts folder, "
        "or in the one that all tenants share; it acts when saved",
        "20: event_sources.none.type: is required: it says which component this is",
        "23: device_communication.event_sinks: is not known here; did you mean event_sources?",
    ]


def test_a_faulty_source_leaves_the_others_and_keeps_its_faults() -> None:
    text = TENANT + SOURCE.format(id="a", port=0, host="::1") + SOURCE.format(id="b", port=2, host="::1")
    got = read(text)
    assert [source.id for source in got.sources] == ["b"]
    assert {id: [fault.key for fault in found] for id, found in got.broken.items()} == {"a": ["port"]}
    assert got.faults == got.broken["a"]


def test_an_id_is_used_once() -> None:
    got = read(TENANT + SOURCE.format(id="a", port=1, host="::1") + SOURCE.format(id="a", port=2, host="::1"))
    assert [(source.id, source.table["port"]) for source in got.sources] == [("a", 1)]
    assert [str(fault).partition(": ")[2] for fault in got.broken["#2"]] == [
        "event_sources.#2.id: 'a' is taken: the source on line 5 has it"
    ]


def test_an_address_is_used_once() -> None:
    def clash(*hosts: str, extra: str = "") -> list[str]:
        sources = (SOURCE.format(id=f"s{place}", port=7, host=host) for place, host in enumerate(hosts))
        return [fault.partition(": ")[2] for fault in faults(TENANT + "".join(sources) + extra)]

    assert clash("127.0.0.1", "localhost") == ["event_sources.s1.port: 7 on localhost is taken by source s0"]
    assert clash("0.0.0.0", "10.0.0.1") == ["event_sources.s1.port: 7 on 10.0.0.1 is taken by source s0"]
    assert clash("10.0.0.1", "::") == ["event_sources.s1.port: 7 on :: is taken by source s0"]
    assert clash("10.0.0.1", "10.0.0.2") == []
    assert clash("0.0.0.0", "::1") == []
    assert clash("127.0.0.1", "127.0.0.1", extra="enabled = false\n") == []


def test_udp_and_tcp_ports_are_not_the_same() -> None:
    udp = (
        '\n[[device_communication.event_sources]]\ntype = "udp"\nid = "{id}"\nport = 7\ndecoder = {{ type = "json" }}\n'
    )
    tcp = SOURCE.format(id="s", port=7, host="127.0.0.1")
    assert faults(TENANT + tcp + udp.format(id="u")) == []
    (fault,) = faults(TENANT + tcp + udp.format(id="u") + udp.format(id="v"))
    assert fault.endswith("event_sources.v.port: 7 on 127.0.0.1 is taken by source u")


def test_syntax_errors_name_their_line() -> None:
    assert faults(TENANT + "x = \n") == ["4: is no TOML: invalid value (column 5)"]
    assert faults(TENANT + "[tenant]\n") == ["4: is no TOML: cannot declare ('tenant',) twice (column 8)"]
    assert faults("a = [1,\n") == ["2: is no TOML: invalid value at the end"]
    assert read("x = \n").name == "default"


def test_other_shapes_than_tables_are_faults() -> None:
    assert faults("tenant = 3\ndevice_communication = 4\n") == [
        "1: tenant: is not a table",
        "2: device_communication: is not a table",
    ]
    assert faults(TENANT + "[device_communication.event_sources]\n") == [
        "4: device_communication.event_sources: is not a list: write its header as "
        "[[device_communication.event_sources]]"
    ]
    assert faults(TENANT + "[device_communication]\nevent_sources = [3]\n") == ["5: event_sources.#1: is not a table"]
    assert faults("") == [' tenant: is missing: begin with [tenant] and id = "default"']


def test_lines_in_inline_tables_and_below_long_texts() -> None:
    text = TENANT + (
        "[device_communication]\nevent_sources = [\n"
        '  { type = "socket", id = "a", decoder = { type = "jsn" }, interaction_handler = { type = "http", '
        'success_body = """\n[tenant]\n""", max_body = "1 x" } },\n'
        "]\n"
    )
    assert [fault.partition(":")[0] for fault in faults(text)] == ["6", "8"]
